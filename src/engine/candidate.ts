import type { DecidingRow, Digest } from '../ports/index.js'
import type { ClaimPath } from '../token/claim-path.js'
import type { Claims } from '../token/identify.js'
import { numericDateAt } from '../token/numeric-date.js'

/** What a row of the store is judged against. */
export interface Matched {
  /** For a selector: the claims that it matches, and which of them is compared with its cutoff. */
  readonly claims?: Claims
  readonly issuedAt?: ClaimPath | undefined
}

/** A target that the prefilter could not rule out: it may be revoked. */
export interface Candidate extends Matched {
  readonly digest: Digest
}

/** What decides, in a row of the store or in Redis. */
export type Deciding = Omit<DecidingRow, 'seq'>

const IAT: ClaimPath = ['iat']

/**
 * Whether a row revokes the token at a moment: in force, and for a selector issued early enough.
 *
 * @param now milliseconds
 * @param clockToleranceSeconds how much longer than its expiry a revocation is honoured
 */
export function isRevokedBy(
  row: Deciding,
  { claims, issuedAt = IAT }: Matched,
  now: number,
  clockToleranceSeconds: number,
): boolean {
  if (!row.revoked || row.expiresAt + clockToleranceSeconds <= now / 1000) return false
  if (row.notBefore !== undefined && now < row.notBefore) return false
  if (claims === undefined || row.issuedThrough === undefined) return true
  const time = numericDateAt(claims, issuedAt)
  return time === undefined || Math.floor(time) <= row.issuedThrough
}
