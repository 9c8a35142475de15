import { existsSync } from 'node:fs'
import type { Revocade } from '../api.js'
import { readOptions, type RevocadeOptions } from '../options.js'
import type { RevocationStore } from '../ports/index.js'
import { CliError } from './errors.js'
import { engineOptions, type StoreOptions, type TokenOptions } from './options.js'

/** Namespaces that an error names. */
const NAMED_NAMESPACES = 10

/**
 * Refuses a path without a file, and a namespace that the store does not have. A command that only reads
 * would otherwise create both and report that nothing is revoked.
 *
 * @throws {CliError} ERR_STORE_UNAVAILABLE when there is no file at the path, or no such namespace in it
 * @throws {RevocadeError} when the file is not a store, or can't be read
 */
export async function requireStore(options: StoreOptions): Promise<void> {
  const { store, namespace = 'default' } = options
  if (/^[a-z]+:\/\//i.test(store)) return // refused when the options are read
  if (!existsSync(store)) {
    throw new CliError(
      'ERR_STORE_UNAVAILABLE',
      `there is no store at ${store}. Give its path with --store or REVOCADE_STORE; ` +
        "'revocade revoke' and 'import' create one.",
    )
  }
  const { readNamespaces } = await import('../store/sqlite/index.js')
  const known = readNamespaces(store)
  if (known.includes(namespace)) return
  const names = known.slice(0, NAMED_NAMESPACES).map((name) => `'${name}'`)
  const more = known.length > names.length ? ` and ${known.length - names.length} more` : ''
  throw new CliError(
    'ERR_STORE_UNAVAILABLE',
    `the store ${store} has no namespace '${namespace}'. ` +
      (known.length === 0
        ? 'It is empty: check --store.'
        : `It has ${names.join(', ')}${more}: choose one with --namespace.`),
  )
}

/**
 * Opens an engine on the store that the options name, runs `use`, and closes both in any case.
 *
 * @param overrides - engine options that replace those of the command line
 * @param use - gets the engine, and the store for commands that read its rows
 */
export async function withStore<T>(
  options: TokenOptions,
  overrides: Pick<RevocadeOptions, 'claims' | 'idClaims' | 'prefilter' | 'redis'>,
  use: (engine: Revocade, store: RevocationStore) => Promise<T>,
): Promise<T> {
  // Loaded here, not at the top: `--help` and a mistyped option do not need the database driver.
  const [{ createRevocade }, { SqliteStore }, { toleranceOf }] = await Promise.all([
    import('../create-revocade.js'),
    import('../store/sqlite/index.js'),
    import('../store/sqlite/file/tolerance.js'),
  ])
  // A command verifies no token: it honours a revocation as long as any engine of the store does.
  const settings = { ...engineOptions(options), clockToleranceSeconds: toleranceOf(options.store) }
  readOptions(settings)
  // No background integrity check: the command ends before it would. `doctor` and the services check the
  // file.
  const store = new SqliteStore(options.store, { integrityCheckDelayMs: Number.POSITIVE_INFINITY })
  const engine = await createRevocade({ ...settings, ...overrides, store })
  try {
    return await use(engine, store)
  } finally {
    await engine.close()
  }
}
