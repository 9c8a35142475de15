import type { Revocade } from '../api.js'
import { readOptions, type RevocadeOptions } from '../options.js'
import type { RevocationStore } from '../ports/index.js'
import { CliError } from './errors.js'
import { engineOptions, type StoreOptions, type TokenOptions } from './options.js'
import { note } from './output/print.js'
import { isServer, namespacesAt, shownLocation, storeAt, toleranceAt } from './store-location.js'

/** Namespaces that an error names. */
const NAMED_NAMESPACES = 10

/**
 * Refuses a place without a store, and a namespace that the store does not have. A command that only reads
 * would otherwise create both and report that nothing is revoked.
 *
 * @param flag - the one that names the store, where it is not `--store`
 * @throws {CliError} ERR_STORE_UNAVAILABLE when there is no store, or no such namespace in it
 * @throws {RevocadeError} when what is there is no store, or can't be read
 */
export async function requireStore(options: StoreOptions, flag = '--store'): Promise<void> {
  const { store, namespace = 'default' } = options
  const known = await namespacesAt(store)
  const place = shownLocation(store)
  if (known === undefined) {
    throw new CliError(
      'ERR_STORE_UNAVAILABLE',
      `there is no store at ${place}. Give its ${isServer(store) ? 'URL' : 'path'} with ${flag}` +
        (flag === '--store' ? " or REVOCADE_STORE; 'revocade revoke' and 'import' create one." : '.'),
    )
  }
  if (known.includes(namespace)) return
  const names = known.slice(0, NAMED_NAMESPACES).map((name) => `'${name}'`)
  const more = known.length > names.length ? ` and ${known.length - names.length} more` : ''
  throw new CliError(
    'ERR_STORE_UNAVAILABLE',
    `the store ${place} has no namespace '${namespace}'. ` +
      (known.length === 0
        ? `It is empty: check ${flag}.`
        : `It has ${names.join(', ')}${more}: choose one with --namespace.`),
  )
}

/**
 * Runs a command that writes, and says so if that made the store or the namespace: perhaps `--store` or
 * `--namespace` was mistyped, and the services look elsewhere.
 */
export async function withNoteOnNew<T>(options: StoreOptions, work: () => Promise<T>): Promise<T> {
  const { store, namespace = 'default' } = options
  const before = await presentIn(store)
  if (before?.includes(namespace) === true) return work()
  try {
    return await work()
  } finally {
    if ((await presentIn(store))?.includes(namespace) === true) {
      const place = shownLocation(store)
      const missing =
        before === undefined
          ? `there was no store at ${place}`
          : `the store ${place} had no namespace '${namespace}'`
      note(`${missing}: it was made. Services that use another one do not see what is revoked here`, options)
    }
  }
}

/** The namespaces of a store; undefined if there is none, or it can't be read, which the engine reports. */
async function presentIn(store: string): Promise<readonly string[] | undefined> {
  try {
    return await namespacesAt(store)
  } catch {
    return undefined
  }
}

/**
 * Opens an engine on the store that the options name, runs `use`, and closes both in any case.
 *
 * @param overrides - engine options that replace those of the command line
 * @param use - gets the engine, and the store for commands that read its rows
 */
export async function withStore<T>(
  options: TokenOptions,
  overrides: Pick<RevocadeOptions, 'claims' | 'idClaims' | 'prefilter' | 'redis' | 'maxTokenLifetimeSeconds'>,
  use: (engine: Revocade, store: RevocationStore) => Promise<T>,
): Promise<T> {
  // Loaded here, not at the top: `--help` and a mistyped option do not need the database driver.
  const { createRevocade } = await import('../create-revocade.js')
  const settings = engineOptions(options)
  readOptions(settings)
  const clockToleranceSeconds = await toleranceAt(options.store)
  const store = await storeAt(options.store)
  const engine = await createRevocade({ ...settings, clockToleranceSeconds, ...overrides, store })
  try {
    return await use(engine, store)
  } finally {
    await engine.close()
  }
}
