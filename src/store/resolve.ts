import type { RevocationStore } from '../ports/index.js'
import { optionError } from '../validate.js'
import { setupError } from './sqlite/setup-error.js'

type StoreFactory = (location: string) => Promise<RevocationStore>

/** The stores that a location can name. */
export type StoreKind = 'sqlite' | 'postgres' | 'redis'

interface StoreType {
  readonly kind: StoreKind
  /** Creates a store, without opening it. */
  readonly create: StoreFactory
}

const SQLITE: StoreType = {
  kind: 'sqlite',
  create: async (path) => new (await importSqlite()).SqliteStore(path),
}
const POSTGRES: StoreType = {
  kind: 'postgres',
  create: async (url) => new (await import('./postgres/index.js')).PostgresStore(url),
}
const REDIS: StoreType = {
  kind: 'redis',
  create: async (url) => new (await import('./redis/index.js')).RedisStore(url),
}

/**
 * Stores by URL scheme. A location without a known scheme is a file path. Each module is imported on first
 * use, so that a driver is needed only by those who use its store. To add a store, add its folder and a line
 * here.
 */
const STORES = new Map<string, StoreType>([
  ['path', SQLITE],
  ['postgres', POSTGRES],
  ['postgresql', POSTGRES],
  ['redis', REDIS],
  ['rediss', REDIS],
  ['redis+unix', REDIS],
  ['redis+socket', REDIS],
  ['unix', REDIS],
])

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
  return typeof store === 'string' ? storeTypeOf(store).create(store) : store
}

/** Text with a scheme, which has more letters than a drive, or with something like a user before the host. */
const ADDRESS = /^(?:(?<scheme>[a-z][a-z\d+.-]+):[/\\]|[^/\\]*@)/i

/**
 * @returns the type of the store at a location
 * @throws {RevocadeError} ERR_CONFIG when the location is an address that no store has. The message does not
 *   repeat it: SQLite would create a file of that name, and it may hold a password
 */
export function storeTypeOf(location: string): StoreType {
  const address = ADDRESS.exec(location)
  const scheme = address === null ? 'path' : (address.groups?.scheme?.toLowerCase() ?? '')
  const type = STORES.get(scheme)
  if (type !== undefined) return type
  throw optionError(
    'store',
    "can't be this URL or address: give a file path ('./a@b.db' for an @ in its name), " +
      'postgres://… or redis://…',
  )
}
