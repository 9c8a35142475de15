import type { RevocationStore } from '../ports/index.js'
import { optionError } from '../validate.js'
import { setupError } from './sqlite/setup-error.js'

type StoreFactory = (location: string) => Promise<RevocationStore>

/**
 * Stores by URL scheme. A location without a known scheme is a file path. Each module is imported on first
 * use, so that a driver is needed only by those who use its store. To add a store, add its folder and a line
 * here.
 */
const STORES = new Map<string, StoreFactory>([
  ['path', async (path) => new (await importSqlite()).SqliteStore(path)],
])

async function importSqlite(): Promise<typeof import('./sqlite/index.js')> {
  try {
    return await import('./sqlite/index.js')
  } catch (error) {
    throw setupError(error) ?? error
  }
}

/** Schemes of stores that do not exist yet. Without this list SQLite would create a file of that name. */
const NOT_YET = new Map([
  ['postgres', 'PostgreSQL'],
  ['postgresql', 'PostgreSQL'],
  ['redis', 'Redis'],
  ['rediss', 'Redis'],
])

/**
 * Creates the store that the option `store` names, without opening it.
 *
 * @param store - a file path, a URL, or a store, which is returned as it is
 * @throws {RevocadeError} ERR_CONFIG when no store has the scheme of the URL
 */
export async function resolveStore(store: string | RevocationStore): Promise<RevocationStore> {
  return typeof store === 'string' ? storeFactory(store)(store) : store
}

/**
 * @returns the function that creates the store at a location
 * @throws {RevocadeError} ERR_CONFIG when no store has the scheme of the URL
 */
export function storeFactory(location: string): StoreFactory {
  const scheme = /^([a-z]+):\/\//i.exec(location)?.[1]?.toLowerCase() ?? 'path'
  const missing = NOT_YET.get(scheme)
  if (missing !== undefined)
    throw optionError('store', `can't be a URL: this version has no ${missing} store, give a file path`)
  const factory = STORES.get(scheme) ?? STORES.get('path')
  if (factory === undefined) throw optionError('store', 'must be a file path')
  return factory
}
