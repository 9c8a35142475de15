import type { RefreshProof } from './api.js'
import { isSameHash, LAST_GENERATION, type RefreshToken } from './refresh-token.js'
import type { RefreshRefusal } from './refused.js'
import { type Family, isExpired } from './state.js'

/** What becomes of a refresh token. */
export type Decision =
  /** It is the present one. */
  | { readonly is: 'current'; readonly family: Family }
  /** It was the present one until just now, and its successor took its place. */
  | { readonly is: 'replayed'; readonly family: Family; readonly successor: RefreshToken }
  /** It was used before, and somebody has its successor: two have the session. */
  | { readonly is: 'reused'; readonly family: Family }
  | { readonly is: 'refused'; readonly reason: RefreshRefusal }

/** What is decided by. */
export interface Presented {
  /** Of the token's family; undefined if there is none. */
  readonly family: Family | undefined
  readonly token: RefreshToken
  /** Undefined where it does not matter who has the token. */
  readonly proof: Pick<RefreshProof, 'clientId' | 'jkt'> | undefined
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whether a revocation in force matches the session. */
  readonly isRevoked: boolean
  readonly replaySeconds: number
  /** What comes after the token; undefined: nobody can tell (any more). */
  readonly successor: RefreshToken | undefined
}

/**
 * Decides what becomes of a refresh token that was issued here. Nothing is decided by time alone, and a token
 * that does not fit its family in any way that we know ends nobody's session.
 */
export function decide(presented: Presented): Decision {
  const { family, token } = presented
  if (family === undefined) return refused('unknown')
  const reason = refusalOf(family, presented)
  if (reason !== undefined) return refused(reason)
  const ahead = token.generation - family.generation
  // The store is older than the token: a backup was restored.
  if (ahead > 0) return refused('unknown')
  if (ahead === 0) return isSameHash(token.hash, family.hash) ? { is: 'current', family } : refused('unknown')
  if (ahead < -1 || !isWithinReplay(family, presented)) return { is: 'reused', family }
  const { successor } = presented
  if (successor === undefined) return refused('unknown')
  if (!isSameHash(successor.hash, family.hash)) return { is: 'reused', family }
  return { is: 'replayed', family, successor }
}

/** Whether an answer to the present token's predecessor may be given once more. */
export function isWithinReplay(
  { rotatedAt }: Pick<Family, 'rotatedAt'>,
  { now, replaySeconds }: Pick<Presented, 'now' | 'replaySeconds'>,
): boolean {
  // A clock that was set back must not open a window where there is none.
  return replaySeconds > 0 && now < rotatedAt + replaySeconds * 1000
}

/** The binding comes first: who has neither client nor key learns nothing, and ends nothing. */
function refusalOf(family: Family, { proof, isRevoked, now }: Presented): RefreshRefusal | undefined {
  if (proof !== undefined && !isBoundTo(family, proof)) return 'binding'
  if (family.ended !== undefined) return 'ended'
  if (isExpired(family, now) || family.generation === LAST_GENERATION) return 'expired'
  return isRevoked ? 'ended' : undefined
}

const isBoundTo = (family: Family, { clientId = '', jkt }: Pick<RefreshProof, 'clientId' | 'jkt'>): boolean =>
  clientId === family.clientId && jkt === family.jkt

const refused = (reason: RefreshRefusal): Decision => ({ is: 'refused', reason })
