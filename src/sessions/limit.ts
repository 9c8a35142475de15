import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SessionCondition } from '../ports/index.js'
import { byAge, isUnchanged, type SessionsContext } from './context.js'
import { byLogin, type Ending, endingOfLogin, type Login } from './ending.js'
import { AT_ONCE } from './in-turns.js'
import { SessionRefused } from './refused.js'
import { claimsSince, type Family, isExpired } from './state.js'

const DAY_MS = 86_400_000

/** What makes room for one more login, and what must still hold when it is committed. */
interface Room {
  readonly endings: readonly Ending[]
  readonly conditions: readonly SessionCondition[]
}

/**
 * Makes room for a login where the number of logins of a user is limited. Two logins at once can't both take
 * the last place: the commit of the second finds that a login has begun.
 *
 * @throws {SessionRefused} when there is no room and the oldest login is not to be ended
 */
export async function makeRoom(
  context: SessionsContext,
  { sub, sid, isRetry }: Pick<Family, 'sub' | 'sid'> & { readonly isRetry: boolean },
  now: number,
): Promise<Room> {
  const { perSubject } = context.options
  if (perSubject === undefined) return { endings: [], conditions: [] }
  const group = await context.group({ sub })
  const families = isRetry ? distinct(group.families) : group.families
  const live = await liveOf(context, families, now)
  const conditions = isRetry ? noneBegan({ sub, families, live }, now) : [group.unchanged]
  const sids = new Set(live.map((family) => family.sid))
  const others = byLogin(families).filter((login) => sids.has(login.sid) && login.sid !== sid)
  const tooMany = sids.has(sid) ? 0 : others.length - (perSubject.max - 1)
  if (tooMany <= 0) return { endings: [], conditions }
  if (perSubject.atLimit === 'refuse')
    throw SessionRefused.login('limit', `the user has ${others.length} logins: end one of them first`)
  const tooOld = others.slice(0, tooMany)
  const oldest = isRetry ? await Promise.all(tooOld.map((login) => readAgain(context, login))) : tooOld
  const unchanged = isRetry ? oldest.flatMap((login) => login.families.map(isUnchanged)) : []
  return {
    endings: oldest.map((login) => endingOfLogin(context, login, { reason: 'limit of logins' })),
    conditions: [...conditions, ...unchanged],
  }
}

/**
 * That no login of a user has begun since his sessions were read. Refreshes may come in between: a client
 * that refreshes without a pause must not keep others from logging in. As many rows as were read are the same
 * ones, if none was deleted: so none is that may be deleted, or have a live one put in its place.
 */
function noneBegan(
  { sub, families, live }: { sub: string; families: readonly Family[]; live: readonly Family[] },
  now: number,
): SessionCondition[] {
  const isLive = new Set(live)
  const others = families.filter(
    (family) => !isLive.has(family) && (family.ended?.login !== true || family.purgeAt <= now + DAY_MS),
  )
  const rows = { group: { sub }, rows: families.length, newest: Number.MAX_SAFE_INTEGER }
  return [rows, ...others.map(isUnchanged)]
}

/** Each session once: what is written while pages are read may be on two of them. */
function distinct(families: readonly Family[]): Family[] {
  const newest = new Map<string, Family>()
  for (const family of families) {
    const name = JSON.stringify([family.sid, family.clientId])
    if (family.version > (newest.get(name)?.version ?? 0)) newest.set(name, family)
  }
  return [...newest.values()].toSorted(byAge)
}

/** A login as it is just now, so that hardly a refresh of it comes between this and the commit. */
const readAgain = async (context: SessionsContext, { sid }: Login): Promise<Login> => ({
  sid,
  families: (await context.group({ sid })).families,
})

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
