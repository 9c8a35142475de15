import { existsSync } from 'node:fs'
import type { RevocationStore } from '../ports/index.js'
import { redact } from '../redact.js'
import { resolveStore } from '../store/resolve.js'

/** The server that `--store` names; undefined for a path, which names a file. */
export function serverAt(location: string): 'postgres' | 'redis' | undefined {
  if (/^postgres(?:ql)?:\/\//i.test(location)) return 'postgres'
  return /^(?:rediss?|redis\+unix|redis\+socket|unix):\/\//i.test(location) ? 'redis' : undefined
}

/** Whether `--store` names a server. */
export const isServer = (location: string): boolean => serverAt(location) !== undefined

/** Looks at the store on a server, which opening it would create. */
async function inspect(
  location: string,
): Promise<{ namespaces: readonly string[] | undefined; toleranceSeconds: number | undefined }> {
  if (serverAt(location) === 'redis')
    return (await import('../store/redis/index.js')).inspectRedisStore(location)
  return (await import('../store/postgres/index.js')).inspectPostgres(location)
}

/** What is said of a location: without a password. */
export const shownLocation = (location: string): string => redact(location)

/**
 * The namespaces of the store at a location, oldest first. Opening an engine would make its own.
 *
 * @returns undefined if there is no store
 * @throws {RevocadeError} when what is there is no store, or can't be read
 */
export async function namespacesAt(location: string): Promise<readonly string[] | undefined> {
  if (isServer(location)) return (await inspect(location)).namespaces
  if (!existsSync(location)) return undefined
  const { readNamespaces } = await import('../store/sqlite/index.js')
  return readNamespaces(location)
}

/**
 * The tolerance of the store at a location, in seconds. A command verifies no token: it honours a revocation
 * as long as any engine of the store does.
 */
export async function toleranceAt(location: string): Promise<number | undefined> {
  if (!isServer(location)) return (await import('../store/sqlite/file/tolerance.js')).toleranceOf(location)
  return (await inspect(location)).toleranceSeconds
}

/** The store at a location, not yet opened. */
export async function storeAt(location: string): Promise<RevocationStore> {
  if (isServer(location)) return resolveStore(location)
  const { SqliteStore } = await import('../store/sqlite/index.js')
  // No background integrity check: the command ends before it would. `doctor` and the services check the
  // file.
  return new SqliteStore(location, { integrityCheckDelayMs: Number.POSITIVE_INFINITY })
}
