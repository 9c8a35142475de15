import type { Revocade, TokenClaims } from '../api.js'
import type { RevocableOptions } from './options.js'
import { SessionGuard } from './session-guard.js'
import { requireMethods, withMethods } from './with-methods.js'

/** What is used of a `secondaryStorage` of better-auth. */
export interface SecondaryStorageLike {
  get(key: string): unknown
  set(key: string, value: string, ttl?: number): unknown
  delete(key: string): unknown
  getAndDelete?(key: string): unknown
}

/** What better-auth keeps of a session, as it is after `JSON.parse`. */
export interface BetterAuthSession {
  readonly session: Readonly<Record<string, unknown>> & { readonly token: string }
  readonly user: Readonly<Record<string, unknown>>
}

/** A token of better-auth: the key of a session. Other keys have a prefix. */
const TOKEN = /^[A-Za-z0-9]{32}$/

/**
 * What better-auth takes for a session that is not there. Where it finds no value at all, it may look into
 * its database instead (`storeSessionInDatabase`).
 */
const NO_SESSION = 'null'

/**
 * A secondary storage of better-auth that asks an engine. It gives no session that is revoked and writes
 * none, and revokes durably what better-auth deletes. So a request that had a session in hand when it ended
 * can't bring it back. What is no session is read and written as before.
 *
 * By default a session has the claims `sub` (its user's id), `sid` (its own id) and `iat` (when it was
 * created), so that `revokeWhere({ sub })` ends it. The methods reject with `ERR_UNAVAILABLE` when nothing
 * can decide. They are bound.
 *
 * @param storage - it is left as it is
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid, or the engine does not fit
 * @example
 * betterAuth({ secondaryStorage: revocableStorage(storage, revocade, { lifetimeSeconds: 7 * 86_400 }) })
 */
export function revocableStorage<S extends SecondaryStorageLike>(
  storage: S,
  revocade: Revocade,
  options: RevocableOptions<BetterAuthSession>,
): S {
  requireMethods(storage, ['get', 'set', 'delete'], 'a secondary storage')
  const guard = new SessionGuard(revocade, 'revocableStorage()', options, claimsOf)

  const isRevoked = async (key: string, value: unknown): Promise<boolean> => {
    const session = sessionIn(key, value)
    if (session === undefined && !TOKEN.test(key)) return false
    return (await guard.stateOf(key, session)) !== 'active'
  }
  const seen = async (key: string, value: unknown): Promise<unknown> =>
    (await isRevoked(key, value)) ? NO_SESSION : value

  const methods = new Map<PropertyKey, (...args: never[]) => unknown>([
    ['get', async (key: string) => seen(key, await storage.get(key))],
    [
      'set',
      async (key: string, value: string, ttl?: number) =>
        (await isRevoked(key, value)) ? undefined : storage.set(key, value, ttl),
    ],
    [
      'delete',
      async (key: string) => {
        try {
          if (TOKEN.test(key) || sessionIn(key, await storage.get(key)) !== undefined) await guard.revoke(key)
        } finally {
          await storage.delete(key)
        }
      },
    ],
  ])
  if (storage.getAndDelete !== undefined)
    methods.set('getAndDelete', async (key: string) => seen(key, await storage.getAndDelete?.(key)))
  return withMethods(storage, methods)
}

/** The session that a value is; undefined for everything else that better-auth keeps. */
function sessionIn(key: string, value: unknown): BetterAuthSession | undefined {
  const found = typeof value === 'string' && value.startsWith('{') ? parsed(value) : value
  return isSession(found) && found.session.token === key ? found : undefined
}

function claimsOf(value: unknown): TokenClaims | undefined {
  if (!isSession(value)) return undefined
  const { userId: sub, id: sid, createdAt } = value.session
  // A Date where the storage has parsed the value by itself.
  const created = createdAt instanceof Date ? createdAt.getTime() : Date.parse(String(createdAt))
  return { sub, sid, ...(Number.isNaN(created) ? {} : { iat: Math.floor(created / 1000) }) }
}

function isSession(value: unknown): value is BetterAuthSession {
  const session = isObject(value) ? value.session : undefined
  return isObject(session) && typeof session.token === 'string'
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
