import type { Revocade, Token } from '../api.js'
import { RevocadeError } from '../errors.js'
import { numericDate } from '../token/numeric-date.js'
import { startOfToken } from './credential.js'
import { DecodedClaims } from './decoded-claims.js'
import type { Policy } from './policy.js'
import type { RefusalReason } from './refusal.js'

/** What is asked of the engine. */
export type Checker = Pick<Revocade, 'check' | 'isClearlyActive'> &
  Partial<Pick<Revocade, 'maxTokenBytes' | 'clockToleranceSeconds'>>

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
 * Whether the value of a header `Authorization` has a JWT whose claims are kept and that is clearly active.
 * False says nothing: then judge the token.
 *
 * @param now - seconds since 1970
 */
export function isKnownActive(engine: Checker, value: string, policy: Policy, now: number): boolean {
  const start = startOfToken(value)
  const known = start === 0 ? undefined : decoded.find(value, start)
  if (known === undefined || hasExpired(known.expiry, policy, now)) return false
  return isShort(value.length - start, engine) && engine.isClearlyActive(known.claims)
}

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
  let claims: Exclude<Token, string> | undefined
  let expiry: number | undefined
  try {
    if (typeof token === 'string') ({ claims, expiry } = decoded.read(token) ?? {})
    else [claims, expiry] = [token, numericDate(token, 'exp')]
  } catch (error) {
    return failed(error)
  }
  if (hasExpired(expiry, policy, now)) return EXPIRED
  const isUsable = typeof token !== 'string' || isShort(token.length, engine)
  if (claims !== undefined && isUsable && engine.isClearlyActive(claims)) return ACTIVE
  if (token !== claims && engine.isClearlyActive(token)) return ACTIVE
  return lookUp(engine, token, policy)
}

function hasExpired(expiry: number | undefined, { clockToleranceSeconds }: Policy, now: number): boolean {
  return expiry !== undefined && expiry + clockToleranceSeconds <= now
}

/**
 * Whether the claims of a JWT may stand for it: they have the same name if they have an id, and are read
 * already. What is too long to be revoked as a token is refused as one, whatever its claims are.
 */
function isShort(length: number, { maxTokenBytes = 0 }: Checker): boolean {
  return length <= maxTokenBytes
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
