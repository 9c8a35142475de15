import { existsSync } from 'node:fs'
import type { RevocationStore } from '../ports/index.js'
import { redact } from '../redact.js'
import { resolveStore, type StoreKind, storeTypeOf } from '../store/resolve.js'

/** The stores that are not a file. */
export type StoreServer = Exclude<StoreKind, 'sqlite'>

/** What is looked at before a store is opened: opening one would create it. */
interface Glance {
  /** Undefined if there is no store. */
  readonly namespaces: readonly string[] | undefined
  /** The greatest of its engines. */
  readonly toleranceSeconds: number | undefined
}

const GLANCES: Readonly<Record<StoreServer, (url: string) => Promise<Glance>>> = {
  postgres: async (url) => (await import('../store/postgres/index.js')).inspectPostgres(url),
  redis: async (url) => (await import('../store/redis/index.js')).inspectRedisStore(url),
}

/**
 * The server that `--store` names; undefined for a path, which names a file.
 *
 * @throws {RevocadeError} ERR_CONFIG when the location is an address that no store has
 */
export function serverAt(location: string): StoreServer | undefined {
  const { kind } = storeTypeOf(location)
  return kind === 'sqlite' ? undefined : kind
}

/** Whether `--store` names a server. */
export const isServer = (location: string): boolean => serverAt(location) !== undefined

/** What is said of a location: without a password. */
export const shownLocation = (location: string): string => redact(location)

/**
 * The namespaces of the store at a location, oldest first. Opening an engine would make its own.
 *
 * @returns undefined if there is no store
 * @throws {RevocadeError} when what is there is no store, or can't be read
 */
export async function namespacesAt(location: string): Promise<readonly string[] | undefined> {
  const server = serverAt(location)
  if (server !== undefined) return (await GLANCES[server](location)).namespaces
  if (!existsSync(location)) return undefined
  const { readNamespaces } = await import('../store/sqlite/index.js')
  return readNamespaces(location)
}

/**
 * The tolerance of the store at a location, in seconds. A command verifies no token: it honours a revocation
 * as long as any engine of the store does.
 */
export async function toleranceAt(location: string): Promise<number | undefined> {
  const server = serverAt(location)
  if (server !== undefined) return (await GLANCES[server](location)).toleranceSeconds
  return (await import('../store/sqlite/file/tolerance.js')).toleranceOf(location)
}

/** The store at a location, not yet opened. */
export async function storeAt(location: string): Promise<RevocationStore> {
  if (isServer(location)) return resolveStore(location)
  const { SqliteStore } = await import('../store/sqlite/index.js')
  // No background integrity check: the command ends before it would. `doctor` and the services check the
  // file.
  return new SqliteStore(location, { integrityCheckDelayMs: Number.POSITIVE_INFINITY })
}
