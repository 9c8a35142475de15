import { randomBytes } from 'node:crypto'
import { RevocadeError } from '../errors.js'
import type { SessionCondition } from '../ports/index.js'
import type { Issued, NewSession } from './api.js'
import { attempts } from './attempts.js'
import type { Group, SessionsContext } from './context.js'
import { type Ending, joined } from './ending.js'
import { readNewSession } from './input.js'
import { makeRoom } from './limit.js'
import { conditionsOf, type Match } from './live-revocations.js'
import { requireSelector } from './options.js'
import type { RefreshToken } from './refresh-token.js'
import { SessionRefused } from './refused.js'
import {
  claimsSince,
  claimsToSign,
  expiryOf,
  type Family,
  isExpired,
  type NewFamily,
  rowOf,
  sessionOf,
} from './state.js'

/** A session to begin, and the login that it belongs to. */
interface Wanted extends NewSession {
  readonly sid: string
  readonly clientId: string
  /** Whether the caller has named the login: it may be there already. */
  readonly joins: boolean
}

/** When a session may begin. */
interface Beginning {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly matches: readonly Match[]
}

/** A login, top to bottom: is it open, when may it begin, who must go, commit. */
export async function create(context: SessionsContext, given: NewSession): Promise<Issued> {
  const session = readNewSession(given)
  const { sid = randomBytes(16).toString('base64url'), clientId = '' } = session
  const { settings, layers } = context.engine
  if (clientId !== '') requireSelector(settings.selectors, ['sid', 'client_id'])
  // Refuses what could not be revoked later.
  const { targets } = layers.digester
  targets.refuseTokensIn(layers.digester.selectorTarget(claimsOf({ ...session, sid, clientId })))
  const wanted: Wanted = { ...session, sid, clientId, joins: session.sid !== undefined }
  let mayWait = true
  return attempts(context.pause, async (attempt) => {
    const login = wanted.joins ? await context.group({ sid }) : undefined
    const now = context.now()
    if (login !== undefined) await requireOpen(context, wanted, login.families, now)
    const { time, matches } = await beginning(context, wanted, now, attempt > 0)
    if (mayWait && time > now && time - now <= 1000) {
      mayWait = false
      await context.pause(time - now)
      return undefined
    }
    return begin(context, wanted, { login, time, matches, isRetry: attempt > 0 })
  })
}

/** Refuses to join a login that is over. @throws {SessionRefused} */
async function requireOpen(
  context: SessionsContext,
  wanted: Wanted,
  login: readonly Family[],
  now: number,
): Promise<void> {
  const [first] = login
  if (first === undefined) return
  if (first.sub !== wanted.sub)
    throw new RevocadeError('ERR_CONFIG', 'the login (sid) is that of another user (sub): begin a new one')
  const { revocations } = context
  // As a token of the login's beginning, whichever application it was for.
  const matches = await revocations.of(claimsSince({ ...wanted, clientId: '' }, first.createdAt), true)
  const isOver =
    login.some(({ ended }) => ended?.login === true) || revocations.revoking(matches, now).length > 0
  if (isOver) throw SessionRefused.login('ended', 'the login (sid) has ended: begin a new one')
  if (now >= first.endsAt)
    throw SessionRefused.login('expired', 'the login (sid) has expired: begin a new one')
}

/**
 * When a session may begin: now, but after every cutoff that covers its tokens, which would be revoked from
 * the beginning. A cutoff can be ahead of this clock, if only by as much as clocks may differ.
 *
 * @throws {SessionRefused} when all tokens are revoked, until the revocation expires or its cutoff comes
 */
async function beginning(
  context: SessionsContext,
  wanted: Wanted,
  now: number,
  exactly: boolean,
): Promise<Beginning> {
  const { revocations, engine } = context
  const { clockToleranceSeconds, issuerClockAheadSeconds } = engine.settings
  const matches = await revocations.of(claimsSince(wanted, now), exactly)
  let time = now
  for (const { target, issuedThrough = Infinity } of revocations.revoking(matches, now)) {
    time = Math.max(time, (issuedThrough + 1) * 1000)
    if (time <= now + 1000 + (clockToleranceSeconds + issuerClockAheadSeconds) * 1000) continue
    const isOfLogin = target.kind === 'selector' && 'sid' in target.where
    throw isOfLogin
      ? SessionRefused.login('ended', 'the login (sid) has ended: begin a new one')
      : SessionRefused.login('revoked', 'all tokens of this login would be revoked: see `revocade list`')
  }
  return { time, matches }
}

interface LoginToJoin {
  /** Undefined: a new one. */
  readonly login: Group | undefined
  /** Whether somebody else's commit came first. */
  readonly isRetry: boolean
}

async function begin(
  context: SessionsContext,
  wanted: Wanted,
  { login, time, matches, isRetry }: Beginning & LoginToJoin,
): Promise<Issued | undefined> {
  const { sub, sid } = wanted
  const token = context.tokens.first()
  const others = login?.families ?? []
  const family = familyOf(context, wanted, { token, time, login: others })
  const limited = await makeRoom(context, { sub, sid, isRetry }, time)
  const { put, mutations, ended }: Ending = joined(limited.endings)
  const conditions: SessionCondition[] = [
    { family: token.family, version: 0 },
    ...(login === undefined ? [] : [login.unchanged]),
    ...limited.conditions,
    ...conditionsOf(matches),
  ]
  const done = await context.engine.layers.commits.ofSessions(context.sessions, {
    conditions,
    put: [...put, rowOf(family)],
    mutations,
  })
  if (done === undefined) return undefined
  const replaced = others.filter(
    (other) => other.clientId === wanted.clientId && other.ended === undefined && !isExpired(other, time),
  )
  context.emitEnded(ended, 'limit')
  context.emitEnded(replaced, 'replaced')
  return {
    refreshToken: context.tokens.write(token),
    refreshExpiresAt: new Date(expiryOf(family)),
    session: sessionOf(family),
    ended: [...ended, ...replaced].map(sessionOf),
    claims: claimsToSign(family),
  }
}

function familyOf(
  { options }: SessionsContext,
  { sub, sid, clientId, jkt, details }: Wanted,
  { token, time, login }: { token: RefreshToken; time: number; login: readonly Family[] },
): NewFamily {
  return {
    family: token.family,
    sid,
    clientId,
    sub,
    createdAt: time,
    generation: token.generation,
    hash: token.hash,
    rotatedAt: time,
    idleUntil: time + options.idleSeconds * 1000,
    // A login is not prolonged by who joins it.
    endsAt: login[0]?.endsAt ?? time + options.absoluteSeconds * 1000,
    jkt,
    details,
  }
}

/** The claims of a session that revocations can name. */
function claimsOf({ sub, sid, clientId }: Pick<Wanted, 'sub' | 'sid' | 'clientId'>): Record<string, string> {
  return { sub, sid, ...(clientId === '' ? {} : { client_id: clientId }) }
}
