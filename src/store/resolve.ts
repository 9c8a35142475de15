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
  ['postgres', openPostgres],
  ['postgresql', openPostgres],
  ['redis', openRedis],
  ['rediss', openRedis],
  ['redis+unix', openRedis],
  ['redis+socket', openRedis],
  ['unix', openRedis],
])

async function openRedis(url: string): Promise<RevocationStore> {
  return new (await import('./redis/index.js')).RedisStore(url)
}

async function openPostgres(url: string): Promise<RevocationStore> {
  return new (await import('./postgres/index.js')).PostgresStore(url)
}

async function importSqlite(): Promise<typeof import('./sqlite/index.js')> {
  try {
    return await import('./sqlite/index.js')
  } catch (error) {
    throw setupError(error) ?? error
  }
}

/**
 * Creates the store that the option `store` names, without opening it.
 *
 * @param store - a file path, a URL, or a store, which is returned as it is
 * @throws {RevocadeError} ERR_CONFIG when no store has the scheme of the URL
 */
export async function resolveStore(store: string | RevocationStore): Promise<RevocationStore> {
  return typeof store === 'string' ? storeFactory(store)(store) : store
}

/** Text with a scheme, which has more letters than a drive, or with something like a user before the host. */
const ADDRESS = /^(?:(?<scheme>[a-z][a-z\d+.-]+):[/\\]|[^/\\]*@)/i

/**
 * @returns the function that creates the store at a location
 * @throws {RevocadeError} ERR_CONFIG when the location is an address that no store has. The message does not
 *   repeat it: SQLite would create a file of that name, and it may hold a password
 */
export function storeFactory(location: string): StoreFactory {
  const address = ADDRESS.exec(location)
  const scheme = address === null ? 'path' : (address.groups?.scheme?.toLowerCase() ?? '')
  const factory = STORES.get(scheme)
  if (factory !== undefined) return factory
  throw optionError(
    'store',
    "can't be this URL or address: give a file path ('./a@b.db' for an @ in its name), " +
      'postgres://… or redis://…',
  )
}
