import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { storeOption } from '../../option-values.js'
import { CliError } from '../errors.js'
import { addOutputOptions, type OutputOptions } from '../options.js'
import { counted, isOrAre } from '../output/counted.js'
import { note, tone, writeJson, writeLine } from '../output/print.js'
import { Progress } from '../output/progress.js'
import { withReadable } from '../read-store.js'
import { countOpen, noteSessionsLeft } from '../sessions/open-rows.js'
import { isServer, namespacesAt, shownLocation } from '../store-location.js'
import { liveAfter } from '../store-rows.js'
import { changedRows } from '../transfer/changed-rows.js'
import { type OpenNamespace, openNamespace } from '../transfer/open-store.js'
import { RowWriter, type WrittenRows } from '../transfer/row-writer.js'
import { type Verified, verifyRows } from '../transfer/verify-rows.js'
import { requireStore } from '../with-store.js'

/** Milliseconds between two looks at the source with `--follow`. */
const FOLLOW_MS = 500

interface MigrateOptions extends OutputOptions {
  readonly from: string
  readonly to: string
  readonly namespace?: string
  readonly fromSecretEnv?: string
  readonly toSecretEnv?: string
  readonly follow?: boolean
  readonly revocationsOnly?: boolean
  readonly progress: boolean
}

/** What became of one namespace. */
interface Migrated extends WrittenRows, Verified {
  readonly namespace: string
  /** Live sessions of the source. They are not copied. */
  readonly sessionsLeft: number
}

/** Adds `migrate`, which copies what one store knows to another one. */
export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('Copy the revocations of one store to another one, and verify the copy.')
    .requiredOption('--from <store>', 'an SQLite file, or a postgres:// or redis:// URL')
    .requiredOption('--to <store>', 'likewise; created if it is missing')
    .option('--namespace <name>', 'only this tenant (default: all)')
    .option('--follow', 'then keep copying what changes, until it is interrupted')
    .option('--revocations-only', 'take nothing back that was taken back in the source')
    .option(
      '--from-secret-env <name>',
      'variable with the digest key of the source (default: REVOCADE_SECRET)',
    )
    .option('--to-secret-env <name>', 'variable with the digest key of the target (default: REVOCADE_SECRET)')
    .addOption(new Option('--no-progress', 'no progress bar'))
    .action(migrate)
  addOutputOptions(command)
}

async function migrate(options: MigrateOptions): Promise<void> {
  const { from, to } = options
  if (from === '' || to === '')
    throw new CliError('ERR_USAGE', `--${from === '' ? 'from' : 'to'} is empty: name a store`)
  storeOption(from)
  storeOption(to)
  if (from === to) throw new CliError('ERR_USAGE', '--from and --to name the same store')
  await withReadable({ ...options, store: from }, async ({ store: readable }) => {
    if (options.follow === true && readable !== from)
      throw new CliError(
        'ERR_USAGE',
        `--follow needs a source that this user may write, and ${from} is none: leave it out`,
      )
    await migrateFrom({ ...options, from: readable })
  })
}

async function migrateFrom(options: MigrateOptions): Promise<void> {
  const { from, namespace } = options
  await requireStore({ store: from, namespace: namespace ?? (await firstNamespace(from)) }, '--from')
  const namespaces = namespace === undefined ? ((await namespacesAt(from)) ?? []) : [namespace]
  if (options.follow === true) await followAll(namespaces, options)
  else for (const name of namespaces) await migrateNamespace(name, options)
}

/** Until SIGINT, SIGTERM or the first failure. What is under way is finished. */
async function followAll(namespaces: readonly string[], options: MigrateOptions): Promise<void> {
  const controller = new AbortController()
  const stop = (): void => {
    controller.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  await Promise.all(
    namespaces.map((name) => migrateNamespace(name, options, controller.signal).finally(stop)),
  )
}

/** With it, an empty store is refused like a namespace that is missing. */
const firstNamespace = async (store: string): Promise<string> => (await namespacesAt(store))?.[0] ?? 'default'

/** @param stop - given: what changes is copied until it is aborted */
async function migrateNamespace(
  namespace: string,
  options: MigrateOptions,
  stop?: AbortSignal,
): Promise<void> {
  const reading = await openNamespace({ store: options.from, namespace, ...secretEnv(options.fromSecretEnv) })
  try {
    const target = { store: options.to, namespace, ...secretEnv(options.toSecretEnv) }
    const writing = await openNamespace(target, reading.clockToleranceSeconds)
    try {
      if (reading.storeId === writing.storeId)
        throw new CliError('ERR_USAGE', '--from and --to name the same store')
      const writer = new RowWriter(writing, options.revocationsOnly !== true)
      const at = liveAfter(reading.store)
      const throughSeq = await copy(reading, writer, options.progress)
      const verified = await verifyRows(reading, writing, { throughSeq, liveAfter: at })
      const sessionsLeft = await countOpen(reading.store)
      await report({ namespace, ...writer.totals, ...verified, sessionsLeft }, options)
      if (stop === undefined) return
      await follow(reading, writer, { after: throughSeq, stop })
      await writeLine(countsText(namespace, writer.totals))
    } finally {
      await writing.store.close()
    }
  } finally {
    await reading.store.close()
  }
}

async function follow(
  { store }: OpenNamespace,
  writer: RowWriter,
  { after, stop }: { readonly after: number; readonly stop: AbortSignal },
): Promise<void> {
  for (let seq = after; !stop.aborted;) {
    await sleep(FOLLOW_MS, undefined, { signal: stop }).catch(() => undefined)
    for await (const rows of changedRows(store, seq, liveAfter(store))) {
      await writer.write(rows)
      seq = rows.at(-1)?.seq ?? seq
    }
  }
}

/** @returns the sequence number of the last row that was copied */
async function copy({ store }: OpenNamespace, writer: RowWriter, shown: boolean): Promise<number> {
  const progress = new Progress('migrate', 'revocations', undefined, shown)
  let last = 0
  try {
    for await (const rows of changedRows(store, 0, liveAfter(store))) {
      await writer.write(rows)
      const { written, present } = writer.totals
      progress.update(written + present)
      last = rows.at(-1)?.seq ?? last
    }
    return last
  } finally {
    progress.stop()
  }
}

async function report(migrated: Migrated, options: MigrateOptions): Promise<void> {
  const { namespace, compared, missing, sha256, identical } = migrated
  if (options.json === true) await writeJson(migrated)
  else {
    await writeLine(countsText(namespace, migrated))
    const verdict = identical ? 'each is equal in both' : 'each is in both; the target holds wider ones'
    if (missing === 0)
      await writeLine(
        `${tone('verified', 'good')} ${counted(compared, 'revocation')}: ${verdict} (SHA-256 ${sha256})`,
      )
  }
  if (missing > 0) {
    const some = `${missing} of ${counted(compared, 'revocation')} of '${namespace}' ${isOrAre(missing)}`
    throw new CliError(
      'ERR_NOT_COPIED',
      `${some} not in ${shownLocation(options.to)}, or ` +
        'only in part: somebody took them back there meanwhile, or the store is another one. Run it again',
    )
  }
  noteSessionsLeft(migrated.sessionsLeft, options)
  if (options.follow === true) note('copying what changes; Ctrl-C ends it', options)
  else if (isServer(options.to) !== isServer(options.from))
    note(
      'engines on the old store do not see what is revoked in the new one: docs/guides/move-and-back-up.md',
      options,
    )
}

function countsText(namespace: string, { written, present, takenBack }: WrittenRows): string {
  const counts = `${written}, there already ${present}, taken back ${takenBack}`
  return `${tone('copied', 'good')} ${counts} (namespace '${namespace}')`
}

const secretEnv = (name: string | undefined): { secretEnv?: string } =>
  name === undefined ? {} : { secretEnv: name }
