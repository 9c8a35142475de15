import type { Revocade, Token, TokenClaims } from '../api.js'
import { RevocadeError } from '../errors.js'
import { numericDate } from '../token/numeric-date.js'
import { DecodedClaims } from './decoded-claims.js'
import type { Policy } from './policy.js'
import type { RefusalReason } from './refusal.js'

/** What is asked of the engine. */
export type Checker = Pick<Revocade, 'check' | 'isClearlyActive'> & Partial<Pick<Revocade, 'maxTokenBytes'>>

/** What one token is: good, or refused for a reason. */
export interface Judgement {
  readonly status: 'active' | Extract<RefusalReason, 'malformed' | 'expired' | 'revoked' | 'unknown'>
  readonly cause?: unknown
}

const ACTIVE: Judgement = Object.freeze({ status: 'active' })
const EXPIRED: Judgement = Object.freeze({ status: 'expired' })

/** For all guards of the process. The engine has its own, smaller limit of length. */
const decoded = new DecodedClaims(1 << 20, 4096)

/**
 * Judges one token: a raw string, or verified claims. An expired token is refused before the engine is asked:
 * its revocation may be forgotten by now, so that "active" would mean nothing.
 *
 * @param now - seconds since 1970
 * @returns a promise only when the engine has to look further than into memory
 * @throws {RevocadeError} ERR_TOKEN_NOT_IDENTIFIABLE, ERR_CONFIG: a mistake in the set-up, not of the client
 */
export function judge(
  engine: Checker,
  token: Token,
  policy: Policy,
  now: number,
): Judgement | Promise<Judgement> {
  let claims: TokenClaims | undefined
  let expiry: number | undefined
  try {
    claims = typeof token === 'string' ? decoded.read(token) : token
    expiry = claims === undefined ? undefined : numericDate(claims, 'exp')
  } catch (error) {
    return failed(error)
  }
  if (expiry !== undefined && expiry + policy.clockToleranceSeconds <= now) return EXPIRED
  if (claims !== undefined && isShort(token, engine) && engine.isClearlyActive(claims)) return ACTIVE
  if (token !== claims && engine.isClearlyActive(token)) return ACTIVE
  return lookUp(engine, token, policy)
}

/**
 * Whether the claims of a JWT may stand for it: they have the same name if they have an id, and are read
 * already. What is too long to be revoked as a token is refused as one, whatever its claims are.
 */
function isShort(token: Token, { maxTokenBytes = 0 }: Checker): boolean {
  return typeof token !== 'string' || token.length <= maxTokenBytes
}

async function lookUp(engine: Checker, token: Token, policy: Policy): Promise<Judgement> {
  try {
    const { status, reason } = await engine.check(token, policy.check)
    if (status === 'active') return ACTIVE
    // The reason of a revocation is for your eyes only. That of an unknown one goes into the logs.
    return status === 'revoked' ? { status } : { status, cause: new Error(reason ?? 'no reason given') }
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): Judgement {
  if (!(error instanceof RevocadeError)) throw error
  if (error.code === 'ERR_INVALID_TOKEN') return { status: 'malformed', cause: error }
  if (error.statusCode === 503) return { status: 'unknown', cause: error }
  throw error
}
