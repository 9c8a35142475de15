import { isDate } from 'node:util/types'
import type { Time } from '../api.js'
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
  const issuedBefore = given === undefined ? now : toMilliseconds(timeOf(given, CUTOFF), 'issuedBefore')
  const second = Math.floor(issuedBefore / 1000)
  return { issuedBefore, issuedThrough: keep ? second - 1 : second }
}

const CUTOFF = "issuedBefore must be a Date, NumericDate seconds or 'ever'"

/**
 * Takes a value for a time; whether it is a usable one is checked by `toSeconds`.
 *
 * @param otherwise - what the error says
 * @throws {RevocadeError} ERR_INVALID_TIME when it is neither a number nor a `Date`
 */
export function timeOf(value: unknown, otherwise = 'a time must be a Date or NumericDate seconds'): Time {
  if (typeof value === 'number' || isDate(value)) return value
  throw new RevocadeError('ERR_INVALID_TIME', otherwise)
}
