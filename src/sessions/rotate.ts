import type { RefreshProof, Rotated, Session } from './api.js'
import { attempts } from './attempts.js'
import { isUnchanged, type SessionsContext } from './context.js'
import { decide, type Decision, isWithinReplay } from './decide.js'
import { endFamily } from './end.js'
import { readProof } from './input.js'
import { conditionsOf, type Match } from './live-revocations.js'
import type { RefreshToken } from './refresh-token.js'
import { SessionRefused } from './refused.js'
import { claimsSince, claimsToSign, expiryOf, type Family, rowOf, sessionOf, withToken } from './state.js'

/** A decision, and what it was made from. */
interface Looked {
  readonly decision: Decision
  /** Milliseconds since 1970. */
  readonly now: number
  readonly matches: readonly Match[]
}

/** How a session is looked at. */
interface Look {
  readonly token: RefreshToken
  readonly proof: RefreshProof | undefined
  /** Whether the store is asked for each revocation, also where the prefilter rules it out. */
  readonly exactly: boolean
}

/** A refresh, top to bottom: read, decide, commit under the conditions of what was read. */
export async function rotate(
  context: SessionsContext,
  refreshToken: unknown,
  given: RefreshProof,
): Promise<Rotated> {
  const proof = readProof(given)
  const token = context.tokens.read(refreshToken)
  if (token === undefined) throw SessionRefused.refresh('unknown')
  return attempts(context.pause, (attempt) => refresh(context, { token, proof, exactly: attempt > 0 }))
}

/** The session of a refresh token that would be taken now, whoever has it. */
export async function find(context: SessionsContext, refreshToken: unknown): Promise<Session | undefined> {
  const token = context.tokens.read(refreshToken)
  if (token === undefined) return undefined
  const exactly = !context.revocations.isFollowed()
  const { decision } = await look(context, { token, proof: undefined, exactly })
  return decision.is === 'current' || decision.is === 'replayed' ? sessionOf(decision.family) : undefined
}

/** @returns undefined when somebody else's commit came first */
async function refresh(
  context: SessionsContext,
  given: Look & { readonly proof: RefreshProof },
): Promise<Rotated | undefined> {
  const looked = await look(context, given)
  const { decision } = looked
  switch (decision.is) {
    case 'refused':
      throw SessionRefused.refresh(decision.reason)
    case 'current':
      return next(context, given, looked, decision.family)
    case 'replayed':
      // Nothing is committed, so no condition would notice a revocation that the prefilter does not know yet.
      if (!given.exactly) return refresh(context, { ...given, exactly: true })
      context.emit({ type: 'replayed', ...seen(decision.family, given.proof) })
      return issued(context, decision.family, decision.successor, true)
    case 'reused':
      return endReused(context, decision.family, given.proof)
  }
}

async function look(context: SessionsContext, { token, proof, exactly }: Look): Promise<Looked> {
  const { options, revocations } = context
  const family = await context.family(token.family)
  const matches =
    family === undefined ? [] : await revocations.of(claimsSince(family, family.createdAt), exactly)
  const isPredecessor = family !== undefined && family.generation === token.generation + 1
  const successor = isPredecessor ? await knownSuccessor(context, family, token) : undefined
  const now = context.now()
  const { replaySeconds } = options
  const isRevoked = revocations.revoking(matches, now).length > 0
  const decision = decide({ family, token, proof, now, isRevoked, replaySeconds, successor })
  return { decision, now, matches }
}

/** What comes after the predecessor of a family's present token, if it can still be told. */
async function knownSuccessor(
  context: SessionsContext,
  family: Family,
  token: RefreshToken,
): Promise<RefreshToken | undefined> {
  const { replaySeconds } = context.options
  if (!isWithinReplay(family, { now: context.now(), replaySeconds })) return undefined
  const salt = await context.salts.stored(family.rotatedAt)
  return salt === undefined ? undefined : context.tokens.successor(token, salt)
}

/** The token is good: commits what comes after it. */
async function next(
  context: SessionsContext,
  { token, proof, exactly }: Look & { readonly proof: RefreshProof },
  { now, matches }: Looked,
  family: Family,
): Promise<Rotated | undefined> {
  const { options, sessions, engine } = context
  // A clock that is behind must not date an access token before the last one.
  const time = Math.max(now, family.rotatedAt)
  const stays = options.rotation === 'unless-bound' && family.jkt !== undefined
  const salt = stays || options.replaySeconds === 0 ? undefined : await context.salts.at(time, exactly)
  const successor = stays ? token : context.tokens.successor(token, salt?.salt)
  const after = {
    ...withToken(family, successor, time),
    idleUntil: time + options.idleSeconds * 1000,
    details: proof.details ?? family.details,
  }
  const done = await engine.layers.commits.ofSessions(sessions, {
    conditions: [isUnchanged(family), ...conditionsOf(matches)],
    put: [rowOf(after)],
    mutations: [],
    ...(salt === undefined ? {} : { salt }),
  })
  return done === undefined ? undefined : issued(context, after, successor, false)
}

/**
 * @returns undefined when somebody else's commit came first
 * @throws {SessionRefused} when the session has ended
 */
async function endReused(context: SessionsContext, family: Family, proof: RefreshProof): Promise<undefined> {
  const ending = await endFamily(context, family, { reason: 'refresh token reused' })
  if (ending === undefined) return undefined
  context.emit({ type: 'reused', ...seen(family, proof) })
  context.emitEnded(ending.ended, 'reused')
  throw SessionRefused.refresh('reused')
}

/** A session as it was before, and what its client says of itself now. */
const seen = (family: Family, { details }: RefreshProof) => ({
  session: sessionOf(family),
  ...(details === undefined ? {} : { details }),
})

function issued(context: SessionsContext, family: Family, token: RefreshToken, replayed: boolean): Rotated {
  return {
    refreshToken: context.tokens.write(token),
    refreshExpiresAt: new Date(expiryOf(family)),
    session: sessionOf(family),
    ended: [],
    claims: claimsToSign(family),
    replayed,
  }
}
