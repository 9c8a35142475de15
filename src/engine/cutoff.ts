import { RevocadeError } from '../errors.js'
import { toMilliseconds } from '../token/numeric-date.js'
import { oneOfOption } from '../validate.js'

/** The cutoff of a selector, as the store keeps it. Empty: all tokens, whenever they were issued. */
export interface Cutoff {
  /** As the caller gave it. Milliseconds since 1970. */
  readonly issuedBefore?: number
  /** A token is revoked when `floor(iat)` is at most this. NumericDate seconds. */
  readonly issuedThrough?: number
}

/** What a caller says of a cutoff. */
export interface GivenCutoff {
  readonly issuedBefore?: unknown
  readonly sameSecond?: unknown
}

/**
 * Reads the cutoff of a selector.
 *
 * @param now - the cutoff when none is given, in milliseconds since 1970
 * @throws {RevocadeError} ERR_INVALID_TIME when `issuedBefore` is neither a time nor 'ever', ERR_CONFIG when
 *   `sameSecond` can't be used
 */
export function readCutoff({ issuedBefore: given, sameSecond }: GivenCutoff, now: number): Cutoff {
  const keep = oneOfOption(sameSecond, 'sameSecond', ['revoke', 'keep'], 'revoke') === 'keep'
  if (given === 'ever') {
    if (!keep) return {}
    throw new RevocadeError('ERR_CONFIG', "sameSecond: 'keep' needs a time as issuedBefore, not 'ever'")
  }
  const issuedBefore = given === undefined ? now : toMilliseconds(given, 'issuedBefore', 'ever')
  const second = Math.floor(issuedBefore / 1000)
  return { issuedBefore, issuedThrough: keep ? second - 1 : second }
}
