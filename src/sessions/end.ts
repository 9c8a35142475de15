import type { RevokeMutation } from '../engine/revocation-request.js'
import type { Done } from '../engine/revoke-many.js'
import type { SessionRow } from '../ports/index.js'
import type { EndOptions, SessionsReceipt, SessionsToEnd } from './api.js'
import { attempts } from './attempts.js'
import type { SessionsContext } from './context.js'
import { inTurns } from './in-turns.js'
import { readToEnd, requireEndOptions, type ToEnd } from './input.js'
import { requireSelector } from './options.js'
import { type Family, isExpired, rowOf } from './state.js'

/** A part of a commit that ends sessions. */
export interface Ending {
  readonly put: readonly SessionRow[]
  readonly mutations: readonly RevokeMutation[]
  /** Those that were live until then. */
  readonly ended: readonly Family[]
}

/** The sessions of one login, oldest first. */
export interface Login {
  readonly sid: string
  readonly families: readonly Family[]
}

/** What is kept with a revocation. */
type Why = Pick<EndOptions, 'reason' | 'actor'>

/** An end that is durable; undefined where there was nothing to do. */
interface DoneEnding {
  readonly done: Done | undefined
  readonly ended: readonly Family[]
}

const NOTHING: DoneEnding = { done: undefined, ended: [] }

/** Ends what a caller names. */
export async function revoke(
  context: SessionsContext,
  what: SessionsToEnd,
  options: EndOptions,
): Promise<SessionsReceipt> {
  const toEnd = readToEnd(what)
  requireEndOptions(options)
  const { commits } = context.engine.layers
  const { done, ended } = await attempts(context.pause, () => end(context, toEnd, options))
  context.emitEnded(ended, 'revoked')
  const { at, reached } = commits.everywhere()
  const redis = done === undefined ? commits.whereNothingIsWritten() : done.published
  const [published] = await Promise.all([redis, options.ack === 'fleet' ? reached() : undefined])
  return {
    seq: done?.written.at(-1)?.seq ?? 0,
    ended: ended.length,
    durable: context.engine.store.durable ?? true,
    redis: published,
    effectiveEverywhereAt: at,
  }
}

async function end(context: SessionsContext, what: ToEnd, why: Why): Promise<DoneEnding | undefined> {
  switch (what.is) {
    case 'login':
      return endLogin(context, what.sid, why)
    case 'app':
      return endApp(context, what, why)
    case 'token': {
      const token = context.tokens.read(what.refreshToken)
      const family = token === undefined ? undefined : await context.family(token.family)
      return family === undefined || isOver(context, family) ? NOTHING : endFamily(context, family, why)
    }
    case 'user':
      return endUser(context, what, why)
  }
}

/**
 * Ends a session: that of an application alone, and that of the only application with the whole login.
 *
 * @returns undefined when somebody else's commit came first
 */
export async function endFamily(
  context: SessionsContext,
  family: Family,
  why: Why,
): Promise<DoneEnding | undefined> {
  return family.clientId === '' ? endLogin(context, family.sid, why) : endApp(context, family, why)
}

async function endLogin(context: SessionsContext, sid: string, why: Why): Promise<DoneEnding | undefined> {
  const { families, unchanged } = await context.group({ sid })
  const ending = endingOfLogin(context, { sid, families }, why)
  return commit(context, ending, [unchanged])
}

async function endApp(
  context: SessionsContext,
  { sid, clientId }: Pick<Family, 'sid' | 'clientId'>,
  why: Why,
): Promise<DoneEnding | undefined> {
  requireSelector(context.engine.settings.selectors, ['sid', 'client_id'])
  const { families, unchanged } = await context.group({ sid })
  const now = context.now()
  const own = families.filter((family) => family.clientId === clientId)
  const cutoff = latest(own, now)
  const mutation = context.engine.layers.mutations.ofSelector(
    { sid, client_id: clientId },
    { ...why, issuedBefore: new Date(cutoff) },
  )
  const ending = {
    put: own.flatMap((family) => markedAs(family, now, false)),
    mutations: [{ ...mutation, expiresAt: lastExpiry(context, cutoff) }],
    ended: own.filter(isLiveAt(now)),
  }
  return commit(context, ending, [unchanged])
}

async function endUser(
  context: SessionsContext,
  { sub, except }: { readonly sub: string; readonly except: string | undefined },
  why: Why,
): Promise<DoneEnding | undefined> {
  const { families, unchanged } = await context.group({ sub })
  const now = context.now()
  const conditions = [unchanged]
  if (except !== undefined) {
    const others = families.filter(
      (family) => family.sid !== except && !(family.ended?.login === true && isOver(context, family)),
    )
    const endings = await inTurns(byLogin(others), (login) => endingOfLogin(context, login, why))
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
 * Ends a login for ever: a name of a login does not come back, so its revocation needs no cutoff, and reaches
 * what is signed too late.
 */
export function endingOfLogin(context: SessionsContext, { sid, families }: Login, why: Why): Ending {
  const now = context.now()
  const mutation = context.engine.layers.mutations.ofSelector({ sid }, { ...why, issuedBefore: 'ever' })
  return {
    put: families.flatMap((family) => markedAs(family, now, true)),
    mutations: [{ ...mutation, expiresAt: lastExpiry(context, latest(families, now)) }],
    ended: families.filter(isLiveAt(now)),
  }
}

/** The logins of sessions, in the order of their first ones. */
export function byLogin(families: readonly Family[]): Login[] {
  const logins = new Map<string, Family[]>()
  for (const family of families) {
    const login = logins.get(family.sid)
    if (login === undefined) logins.set(family.sid, [family])
    else login.push(family)
  }
  return Array.from(logins, ([sid, own]) => ({ sid, families: own }))
}

/** Several as one. */
export const joined = (endings: readonly Ending[]): Ending => ({
  put: endings.flatMap(({ put }) => put),
  mutations: endings.flatMap(({ mutations }) => mutations),
  ended: endings.flatMap(({ ended }) => ended),
})

/** The row of a session that has ended; none if it says so already. */
function markedAs(family: Family, now: number, login: boolean): SessionRow[] {
  const { ended } = family
  if (ended !== undefined && (ended.login || !login)) return []
  return [rowOf({ ...family, ended: { at: ended?.at ?? now, login } })]
}

/**
 * Whether a session ended so long ago that this engine has heard of it, whoever ended it. What ended just now
 * is ended once more: after that this engine answers by it, too.
 */
function isOver(context: SessionsContext, { ended }: Family): boolean {
  const { maxStalenessMs, clockToleranceSeconds } = context.engine.settings
  return ended !== undefined && ended.at + maxStalenessMs + clockToleranceSeconds * 1000 < context.now()
}

const isLiveAt =
  (now: number) =>
  (family: Family): boolean =>
    family.ended === undefined && !isExpired(family, now)

/** The time of the last access token of sessions, which is no later than the commit unless clocks differ. */
const latest = (families: readonly Family[], now: number): number =>
  families.reduce((time, { rotatedAt }) => Math.max(time, rotatedAt), now)

/** When the last access token of an ended session has expired, in NumericDate seconds. */
const lastExpiry = ({ options }: SessionsContext, issuedAt: number): number =>
  Math.ceil(issuedAt / 1000) + Math.ceil(options.accessTokenSeconds)

async function commit(
  context: SessionsContext,
  { ended, ...writes }: Ending,
  conditions: Parameters<SessionsContext['sessions']['commit']>[0]['conditions'],
): Promise<DoneEnding | undefined> {
  const { commits } = context.engine.layers
  const done = await commits.ofSessions(context.sessions, { ...writes, conditions })
  return done === undefined ? undefined : { done, ended }
}
