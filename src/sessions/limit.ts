import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SessionCondition } from '../ports/index.js'
import type { SessionsContext } from './context.js'
import { byLogin, type Ending, endingOfLogin } from './ending.js'
import { AT_ONCE } from './in-turns.js'
import { SessionRefused } from './refused.js'
import { claimsSince, type Family, isExpired } from './state.js'

/** What makes room for one more login, and what must still hold when it is committed. */
interface Room {
  readonly endings: readonly Ending[]
  readonly conditions: readonly SessionCondition[]
}

/**
 * Makes room for a login where the number of logins of a user is limited. Two logins at once can't both take
 * the last place: the commit of the second finds the user's sessions changed.
 *
 * @throws {SessionRefused} when there is no room and the oldest login is not to be ended
 */
export async function makeRoom(
  context: SessionsContext,
  { sub, sid }: Pick<Family, 'sub' | 'sid'>,
  now: number,
): Promise<Room> {
  const { perSubject } = context.options
  if (perSubject === undefined) return { endings: [], conditions: [] }
  const { families, unchanged } = await context.group({ sub })
  const conditions = [unchanged]
  const live = new Set((await liveOf(context, families, now)).map((family) => family.sid))
  const others = byLogin(families).filter((login) => live.has(login.sid) && login.sid !== sid)
  const tooMany = live.has(sid) ? 0 : others.length - (perSubject.max - 1)
  if (tooMany <= 0) return { endings: [], conditions }
  if (perSubject.atLimit === 'refuse')
    throw SessionRefused.login('limit', `the user has ${others.length} logins: end one of them first`)
  const oldest = others.slice(0, tooMany)
  return {
    endings: oldest.map((login) => endingOfLogin(context, login, { reason: 'limit of logins' })),
    conditions,
  }
}

/** The sessions whose refresh token is good. */
export async function liveOf(
  context: SessionsContext,
  families: readonly Family[],
  now: number,
): Promise<readonly Family[]> {
  const { revocations } = context
  const open = families.filter((family) => family.ended === undefined && !isExpired(family, now))
  const live: Family[] = []
  for (let i = 0; i < open.length; i += AT_ONCE) {
    if (i > 0) await nextTurn()
    const some = open.slice(i, i + AT_ONCE)
    const exactly = !revocations.isFollowed()
    const matches = await Promise.all(
      some.map(async (family) => revocations.of(claimsSince(family, family.createdAt), exactly)),
    )
    live.push(
      ...some.filter((_, j) => {
        const found = matches[j]
        return found !== undefined && revocations.revoking(found, now).length === 0
      }),
    )
  }
  return live
}
