import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { RevocadeError } from '../../errors.js'
import { CliError, isSystemError } from '../errors.js'
import { type StoreOptions } from '../options.js'
import { bytes, whole } from '../output/format-numbers.js'
import { withReadable } from '../read-store.js'
import { requireStore, withStore } from '../with-store.js'
import { walSize } from './disk.js'
import { fail, type Finding, ok, warn, why } from './finding.js'
import { answer } from './opened-store.js'
import { checkSessions, madeAtOf } from './sessions.js'

interface ContentOptions extends StoreOptions {
  readonly deep?: boolean
  readonly madeAt: number | undefined
}

/** Checks the file. Checks that need a sound file are skipped if it is damaged. */
export async function checkStoreFile(
  options: StoreOptions & { readonly deep?: boolean },
): Promise<Finding[]> {
  const path = options.store
  let found
  try {
    found = await stat(path)
  } catch (error) {
    return [unreachable(path, error)]
  }
  if (!found.isFile()) return [fail('store file', `${path} is not a file`, 'Give the path of a file.')]
  const findings = [ok('store file', `${path}, ${bytes(found.size)}`), await permissions(path, found.mode)]
  // Of the file itself: what is read may be a copy of it.
  const madeAt = madeAtOf(found)
  return [...findings, ...(await withReadable({ ...options, madeAt }, checkContent))]
}

async function checkContent(options: ContentOptions): Promise<Finding[]> {
  const integrity = await checkIntegrity(options.store, options.deep === true)
  return integrity.status === 'ok' ? [integrity, ...(await opened(options))] : [integrity]
}

function unreachable(path: string, error: unknown): Finding {
  if (!isSystemError(error) || error.code !== 'ENOENT')
    return fail('store file', `${path}: ${why(error)}`, 'Let this user read it.')
  return fail(
    'store file',
    `there is none at ${path}`,
    "Check --store or REVOCADE_STORE. 'revocade revoke' and services create one.",
  )
}

async function permissions(path: string, mode: number): Promise<Finding> {
  const text = `mode ${(mode & 0o777).toString(8).padStart(3, '0')}`
  try {
    await access(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    return fail(
      'permissions',
      `${text}: ${why(error)} for this user`,
      'Let this user read and write the file: services refuse to start on it.',
    )
  }
  // Windows has no permission bits.
  if (process.platform !== 'win32' && (mode & 0o002) !== 0) {
    return warn('permissions', `${text}: anybody may write it`, `Take that away: chmod o-w ${path}`)
  }
  return ok('permissions', text)
}

async function checkIntegrity(path: string, deep: boolean): Promise<Finding> {
  const name = deep ? 'integrity (deep)' : 'integrity'
  try {
    const sqlite = await import('../../store/sqlite/index.js')
    const problems = sqlite.checkIntegrity(path, deep)
    if (problems.length === 0)
      return ok(name, deep ? 'every page, table and index' : 'every page and table (--deep: indexes, too)')
    return fail(
      name,
      `${problems[0]}${problems.length > 1 ? ` and ${problems.length - 1} more` : ''}`,
      'Check --store. If it is right, restore the file from a backup: services refuse to start on it.',
    )
  } catch (error) {
    if (error instanceof RevocadeError)
      return fail(name, `${error.code}: ${error.message}`, 'The file was left as it is.')
    throw error
  }
}

async function opened({ madeAt, ...options }: ContentOptions): Promise<Finding[]> {
  try {
    const { readNamespaces } = await import('../../store/sqlite/index.js')
    // Any namespace shows whether the store works. Only one that was named must be there.
    const [first = 'default'] = readNamespaces(options.store)
    const namespaced = { namespace: first, ...options }
    await requireStore(namespaced)
    return await withStore(namespaced, {}, async (engine, store) => {
      const facts = store.stats()
      return [
        await answer(engine, `seq ${facts.seq}, id ${facts.id}`),
        ok(
          'clock tolerance',
          `${whole(Number(facts.clockToleranceSeconds))} s, the largest of the engines that used the store`,
        ),
        walSize(Number(facts.walBytes)),
        ...(await checkSessions(store, madeAt)),
      ]
    })
  } catch (error) {
    if (error instanceof RevocadeError || error instanceof CliError)
      return [fail('store', `${error.code}: ${error.message}`, 'See the message.')]
    throw error
  }
}
