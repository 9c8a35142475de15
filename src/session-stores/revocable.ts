import type { Revocade } from '../api.js'
import type { RevocableOptions } from './options.js'
import { SessionGuard } from './session-guard.js'
import { requireMethods, withMethods } from './with-methods.js'

/** What is used of a store for express-session or @fastify/session. */
export interface SessionStoreLike {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown
  set(sid: string, session: unknown, callback?: (error?: unknown) => void): unknown
  destroy(sid: string, callback?: (error?: unknown) => void): unknown
  touch?(sid: string, session: unknown, callback?: (error?: unknown) => void): unknown
  /** Given by express-session. */
  generate?(request: unknown): unknown
  /** Given by express-session. */
  createSession?(request: unknown, session: unknown): unknown
}

type Callback = (error: unknown, value?: unknown) => void

/**
 * A session store that asks an engine. `get` gives no session that is revoked, `set` and `touch` don't write
 * one, and `destroy` revokes it durably before it deletes it. So a request that had a session in hand when it
 * ended can't bring it back.
 *
 * The methods answer by a callback, or by a promise if there is none. `ERR_UNAVAILABLE` goes there when
 * nothing can decide: the session is neither used nor lost. With the engine's `onUnknown: 'active'` it is
 * used.
 *
 * @param store - a store for express-session or @fastify/session. It is left as it is
 * @returns the store, with `get`, `set`, `touch` and `destroy` as said; everything else is that of the store
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid, or the engine does not fit
 * @example
 * app.use(session({
 *   store: revocable(new RedisStore({ client }), revocade, {
 *     lifetimeSeconds: 86_400,
 *     claimsOf: ({ user, loggedInAt }) => (user ? { sub: user, iat: loggedInAt } : undefined),
 *   }),
 * }))
 */
export function revocable<S extends SessionStoreLike>(
  store: S,
  revocade: Revocade,
  options: RevocableOptions<Parameters<S['set']>[1]>,
): S {
  requireMethods(store, ['get', 'set', 'destroy'], 'a session store')
  const guard = new SessionGuard(revocade, 'revocable()', options)

  const remove = (sid: string): Promise<unknown> => settled((done) => store.destroy(sid, done))

  const read = async (sid: string): Promise<unknown> => {
    const session = await settled((done) => store.get(sid, done))
    if (session === undefined || session === null) return undefined
    const state = await guard.stateOf(sid, session)
    if (state === 'active') return session
    // The revocation may expire before what a store without expiry holds.
    if (state === 'revoked-for-certain') await remove(sid).catch(() => undefined)
    return undefined
  }

  const write = async (
    sid: string,
    session: unknown,
    done: (callback: Callback) => unknown,
  ): Promise<void> => {
    if ((await guard.stateOf(sid, session)) !== 'active') return
    await settled(done)
    // It may have been revoked since. If that can't be told now, the next get will ask.
    const state = await guard.stateOf(sid, session).catch(() => 'active')
    if (state === 'revoked-for-certain') await remove(sid)
  }

  const destroy = async (sid: string): Promise<void> => {
    try {
      await guard.revoke(sid)
    } finally {
      await remove(sid)
    }
  }

  const guarded: S = withMethods(
    store,
    new Map<PropertyKey, (...args: never[]) => unknown>([
      ['get', (sid: string, callback?: Callback) => answer(read(sid), callback)],
      ['destroy', (sid: string, callback?: Callback) => answer(destroy(sid), callback)],
      ...(['set', 'touch'] as const)
        .filter((name) => typeof store[name] === 'function')
        .map((name) => {
          const method = (sid: string, session: unknown, callback?: Callback): unknown =>
            answer(
              write(sid, session, (done) => store[name]?.(sid, session, done)),
              callback,
            )
          return [name, method] as const
        }),
      // A store may have bound its own ones to itself, past the methods above.
      ['regenerate', (request: Identified, callback: Callback) => regenerate(guarded, request, callback)],
      ['load', (sid: string, callback: Callback) => load(guarded, sid, callback)],
    ]),
  )
  return guarded
}

/** A request of express-session. */
interface Identified {
  readonly sessionID: string
}

/** As express-session has it: ends the session, and begins another one. */
function regenerate(store: SessionStoreLike, request: Identified, callback: Callback): void {
  store.destroy(request.sessionID, (error) => {
    store.generate?.(request)
    callback(error)
  })
}

/** As express-session has it: a session without a request. */
function load(store: SessionStoreLike, sid: string, callback: Callback): void {
  store.get(sid, (error, session) => {
    const isThere = session !== undefined && session !== null
    callback(
      error,
      isThere ? store.createSession?.({ sessionID: sid, sessionStore: store }, session) : undefined,
    )
  })
}

/** What a method of the store answers by its callback. */
function settled(call: (callback: Callback) => unknown): Promise<unknown> {
  return new Promise((resolve, reject: (error: Error) => void) => {
    const returned = call((error, value) => {
      if (error === undefined || error === null) resolve(value)
      else reject(error as Error)
    })
    // An async method that throws before it calls back.
    if (returned instanceof Promise) returned.catch(reject)
  })
}

/** Answers as a session store does. What a callback throws is its caller's, and not a failure of the work. */
function answer(work: Promise<unknown>, callback: Callback | undefined): Promise<unknown> | undefined {
  if (typeof callback !== 'function') {
    // Who passes no callback and drops the promise does not want to know.
    work.catch(() => undefined)
    return work
  }
  work.then(
    (value) => queueMicrotask(() => callback(null, value)),
    (error: unknown) => queueMicrotask(() => callback(error)),
  )
  return undefined
}
