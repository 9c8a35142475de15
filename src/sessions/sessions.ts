import type { Revocade } from '../api.js'
import { internalsOf } from '../engine/internals.js'
import type { Session, Sessions, SessionsOptions } from './api.js'
import { SessionsContext } from './context.js'
import { create } from './create.js'
import { revoke } from './end.js'
import { readGroup, text } from './input.js'
import { liveOf } from './limit.js'
import { find, rotate } from './rotate.js'
import { sessionOf } from './state.js'

/**
 * Sessions with refresh tokens on an engine: in its store, in the same commits as its revocations. The engine
 * stays the caller's to close.
 *
 * @param revocade - honours the selectors `sid` and `sub` (it does by default), and has a
 *   `maxTokenLifetimeSeconds` of at least `absoluteSeconds`
 * @throws {RevocadeError} ERR_CONFIG when an option is not valid, or the engine or its store does not fit
 * @example
 * const sessions = createSessions(revocade, { accessTokenSeconds: 600 })
 * const { refreshToken, claims } = await sessions.create({ sub: 'user-1' })
 * const next = await sessions.rotate(refreshToken)
 */
export function createSessions(revocade: Revocade, options: SessionsOptions = {}): Sessions {
  const context = new SessionsContext(internalsOf(revocade, 'createSessions()'), options)
  const list = async function* (where: Parameters<Sessions['list']>[0]): AsyncGenerator<Session, void, void> {
    const { families } = await context.group(readGroup(where))
    for (const family of await liveOf(context, families, context.now())) yield sessionOf(family)
  }
  return {
    create: (session) => create(context, session),
    rotate: (refreshToken, proof = {}) => rotate(context, refreshToken, proof),
    find: (refreshToken) => find(context, refreshToken),
    get: async (sid) => {
      const { families } = await context.group({ sid: text(sid, 'sid') })
      const [first] = await liveOf(context, families, context.now())
      return first === undefined ? undefined : sessionOf(first)
    },
    list,
    revoke: (what, given = {}) => revoke(context, what, given),
  }
}
