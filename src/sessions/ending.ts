import type { RevokeMutation } from '../engine/revocation-request.js'
import type { Done } from '../engine/revoke-many.js'
import type { SessionRow } from '../ports/index.js'
import type { EndOptions } from './api.js'
import type { SessionsContext } from './context.js'
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
export type Why = Pick<EndOptions, 'reason' | 'actor'>

/** An end that is durable; undefined where there was nothing to do. */
export interface DoneEnding {
  readonly done: Done | undefined
  readonly ended: readonly Family[]
}

/** There was nothing to end. */
export const NOTHING: DoneEnding = { done: undefined, ended: [] }

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
export function markedAs(family: Family, now: number, login: boolean): SessionRow[] {
  const { ended } = family
  if (ended !== undefined && (ended.login || !login)) return []
  return [rowOf({ ...family, ended: { at: ended?.at ?? now, login } })]
}

/**
 * Whether a session ended so long ago that this engine has heard of it, whoever ended it. What ended just now
 * is ended once more: after that this engine answers by it, too.
 */
export function isOver(context: SessionsContext, { ended }: Family): boolean {
  const { maxStalenessMs, clockToleranceSeconds } = context.engine.settings
  return ended !== undefined && ended.at + maxStalenessMs + clockToleranceSeconds * 1000 < context.now()
}

/** Whether a session neither ended nor expired until then, in milliseconds since 1970. */
export const isLiveAt =
  (now: number) =>
  (family: Family): boolean =>
    family.ended === undefined && !isExpired(family, now)

/** The time of the last access token of sessions, which is no later than the commit unless clocks differ. */
export const latest = (families: readonly Family[], now: number): number =>
  families.reduce((time, { rotatedAt }) => Math.max(time, rotatedAt), now)

/** When the last access token of an ended session has expired, in NumericDate seconds. */
export const lastExpiry = ({ options }: SessionsContext, issuedAt: number): number =>
  Math.ceil(issuedAt / 1000) + Math.ceil(options.accessTokenSeconds)

/** @returns undefined when a condition does not hold: nothing is written then */
export async function commit(
  context: SessionsContext,
  { ended, ...writes }: Ending,
  conditions: Parameters<SessionsContext['sessions']['commit']>[0]['conditions'],
): Promise<DoneEnding | undefined> {
  const { commits } = context.engine.layers
  const done = await commits.ofSessions(context.sessions, { ...writes, conditions })
  return done === undefined ? undefined : { done, ended }
}

/** Attempts to end a login before its refreshes are kept off. */
const POLITE_ATTEMPTS = 8

/**
 * Ends a login, whatever its clients do: who is overtaken time and again revokes it first. From then on no
 * refresh of it is committed, and nobody joins it.
 *
 * @param attempt - how often others came first
 * @returns undefined when somebody else's commit came first
 */
export async function endLogin(
  context: SessionsContext,
  { sid, why, attempt }: { readonly sid: string; readonly why: Why; readonly attempt: number },
): Promise<DoneEnding | undefined> {
  const { commits, mutations } = context.engine.layers
  // For as long as a refresh token may live: until its row is marked, nothing else says that it has ended.
  if (attempt === POLITE_ATTEMPTS)
    await commits.revoke([mutations.ofSelector({ sid }, { ...why, issuedBefore: 'ever' })])
  const { families, unchanged } = await context.group({ sid })
  return commit(context, endingOfLogin(context, { sid, families }, why), [unchanged])
}
