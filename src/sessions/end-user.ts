import type { Done, Published } from '../engine/revoke-many.js'
import { attempts } from './attempts.js'
import { isUnchanged, type SessionsContext } from './context.js'
import {
  byLogin,
  commit,
  type DoneEnding,
  endingOfLogin,
  endLogin,
  isLiveAt,
  isOver,
  joined,
  latest,
  type Login,
  markedAs,
  NOTHING,
  type Why,
} from './ending.js'
import { AT_ONCE, inTurns } from './in-turns.js'
import type { Family } from './state.js'

/** Logins that are ended at a time, each in a commit of its own: the store writes them together. */
const LOGINS_AT_ONCE = 64

/** Whose logins end, and which one does not. */
interface User {
  readonly sub: string
  readonly except: string | undefined
}

/** What was committed one after the other. */
interface Ends {
  readonly done: Done[]
  readonly ended: Family[]
}

/**
 * Ends all logins of a user, or all but one, whatever his clients do meanwhile. At first in one commit under
 * the condition that nothing has changed; where something has, in several that refreshes can't hold off.
 */
export async function endUser(context: SessionsContext, user: User, why: Why): Promise<DoneEnding> {
  const atOnce = await inOneCommit(context, user, why)
  if (atOnce !== undefined) return atOnce
  const ends: Ends = { done: [], ended: [] }
  try {
    if (user.except === undefined) await endAll(context, user.sub, why, ends)
    else await endOthers(context, { ...user, except: user.except }, why, ends)
  } catch (error) {
    context.emitEnded(ends.ended, 'revoked')
    throw error
  }
  return { done: ends.done.length === 0 ? undefined : asOne(ends.done), ended: ends.ended }
}

async function inOneCommit(
  context: SessionsContext,
  { sub, except }: User,
  why: Why,
): Promise<DoneEnding | undefined> {
  const { families, unchanged } = await context.group({ sub })
  const now = context.now()
  const conditions = [unchanged]
  if (except !== undefined) {
    const others = loginsBut(context, families, except)
    const endings = await inTurns(others, (login) => endingOfLogin(context, login, why))
    return endings.length === 0 ? NOTHING : commit(context, joined(endings), conditions)
  }
  const mutation = context.engine.layers.mutations.ofSelector(
    { sub },
    { ...why, issuedBefore: new Date(latest(families, now)) },
  )
  const put = (await inTurns(families, (family) => markedAs(family, now, true))).flat()
  return commit(context, { put, mutations: [mutation], ended: families.filter(isLiveAt(now)) }, conditions)
}

/**
 * Revokes by the user first, under no condition: no session that began until then is refreshed or joined any
 * more. So its row stays as it is read afterwards, and can be marked. What that does not reach ends login by
 * login: what was dated later, by another clock or under way.
 */
async function endAll(context: SessionsContext, sub: string, why: Why, ends: Ends): Promise<void> {
  const { commits, mutations } = context.engine.layers
  const before = await context.group({ sub })
  const cutoff = latest(before.families, context.now())
  ends.done.push(
    await commits.revoke([mutations.ofSelector({ sub }, { ...why, issuedBefore: new Date(cutoff) })]),
  )
  const { families } = await context.group({ sub })
  const unmarked = byLogin(families).filter((login) =>
    login.families.some(({ ended }) => ended?.login !== true),
  )
  const isReached = ({ rotatedAt }: Family): boolean => secondOf(rotatedAt) <= secondOf(cutoff)
  const [reached, later]: [Login[], Login[]] = [[], []]
  for (const login of unmarked) (login.families.every(isReached) ? reached : later).push(login)
  const rows = reached.flatMap((login) => login.families)
  for (let i = 0; i < rows.length; i += AT_ONCE) await mark(context, rows.slice(i, i + AT_ONCE), ends)
  await endEach(context, later, why, ends)
}

/** Ends each login by itself. Those that began under way come last; what begins then may go on. */
async function endOthers(
  context: SessionsContext,
  { sub, except }: { readonly sub: string; readonly except: string },
  why: Why,
  ends: Ends,
): Promise<void> {
  const known = loginsBut(context, (await context.group({ sub })).families, except)
  await endEach(context, known, why, ends)
  const sids = new Set(known.map(({ sid }) => sid))
  const after = loginsBut(context, (await context.group({ sub })).families, except)
  await endEach(
    context,
    after.filter(({ sid }) => !sids.has(sid)),
    why,
    ends,
  )
}

/** The logins to end, but for one. */
function loginsBut(context: SessionsContext, families: readonly Family[], except: string): Login[] {
  const others = families.filter(
    (family) => family.sid !== except && !(family.ended?.login === true && isOver(context, family)),
  )
  return byLogin(others)
}

/** @throws what the first of those failed with that did; the others are ended all the same */
async function endEach(
  context: SessionsContext,
  logins: readonly Login[],
  why: Why,
  { done, ended }: Ends,
): Promise<void> {
  const failed: unknown[] = []
  for (let i = 0; i < logins.length; i += LOGINS_AT_ONCE) {
    const some = logins.slice(i, i + LOGINS_AT_ONCE)
    const results = await Promise.allSettled(
      some.map(({ sid }) => attempts(context.pause, (attempt) => endLogin(context, { sid, why, attempt }))),
    )
    for (const result of results) if (result.status === 'rejected') failed.push(result.reason)
    const endings = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    done.push(...endings.flatMap((ending) => ending.done ?? []))
    ended.push(...endings.flatMap((ending) => ending.ended))
  }
  if (failed.length > 0) throw failed[0]
}

/** Marks the rows of sessions that are revoked. One by one, if another end has marked some of them. */
async function mark(context: SessionsContext, families: readonly Family[], { ended }: Ends): Promise<void> {
  const together = await commitMarks(context, families)
  const all = together ?? (await Promise.all(families.map((family) => markOne(context, family)))).flat()
  ended.push(...all)
}

const markOne = (context: SessionsContext, { family: id }: Family): Promise<readonly Family[]> =>
  attempts(context.pause, async () => {
    const family = await context.family(id)
    return family === undefined ? [] : commitMarks(context, [family])
  })

/** @returns those that were live; undefined when somebody else's commit came first */
async function commitMarks(
  context: SessionsContext,
  families: readonly Family[],
): Promise<readonly Family[] | undefined> {
  const now = context.now()
  const unmarked = families.filter(({ ended }) => ended?.login !== true)
  if (unmarked.length === 0) return []
  const put = unmarked.flatMap((family) => markedAs(family, now, true))
  const ending = { put, mutations: [], ended: unmarked.filter(isLiveAt(now)) }
  return (await commit(context, ending, unmarked.map(isUnchanged)))?.ended
}

const secondOf = (ms: number): number => Math.floor(ms / 1000)

/** Several commits as one. Redis has them when it has each. */
function asOne(all: readonly Done[]): Done {
  const published = Promise.all(all.map((done) => done.published)).then(
    (states): Published => ORDER.find((state) => states.includes(state)) ?? 'off',
  )
  return { written: all.flatMap(({ written }) => written), published }
}

const ORDER: readonly Published[] = ['queued', 'written']
