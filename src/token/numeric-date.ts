import { RevocadeError, type RevocadeErrorCode } from '../errors.js'
import { describe } from './claim-values.js'
import type { Claims } from './jwt.js'

/** As seconds this is the year 10000; as milliseconds it is 1978. A number from here on can only be milliseconds. */
const MILLISECONDS_FROM = 253_402_300_800

/**
 * A time claim of a token, in NumericDate seconds (RFC 7519, section 2; a fraction is allowed).
 *
 * @returns undefined where the claim is absent
 * @throws RevocadeError `ERR_INVALID_TOKEN` where it is no number, negative, not finite, or in milliseconds
 */
export function numericDate(claims: Claims, name: 'exp' | 'iat' | 'nbf'): number | undefined {
  const value = claims[name]
  return value === undefined ? undefined : checkSeconds(value, `The claim "${name}"`, 'ERR_INVALID_TOKEN')
}

/**
 * A time that a caller gave, as a `Date` or in NumericDate seconds.
 *
 * @param option its name, for the message
 * @returns NumericDate seconds, perhaps with a fraction
 * @throws RevocadeError `ERR_INVALID_TIME` where it is neither, is before 1970, not finite, or in milliseconds
 */
export function toSeconds(value: Date | number, option: string): number {
  if (!(value instanceof Date)) return checkSeconds(value, option, 'ERR_INVALID_TIME')
  if (Number.isNaN(value.getTime()))
    throw new RevocadeError('ERR_INVALID_TIME', `${option} is an invalid Date`)
  if (value.getTime() >= MILLISECONDS_FROM * 1000)
    throw new RevocadeError('ERR_INVALID_TIME', `${option} is after the year 9999`)
  return checkSeconds(value.getTime() / 1000, option, 'ERR_INVALID_TIME')
}

/** As {@link toSeconds} (a number is in seconds here too), but returns milliseconds since 1970. */
export function toMilliseconds(value: Date | number, option: string): number {
  const seconds = toSeconds(value, option)
  return value instanceof Date ? value.getTime() : seconds * 1000
}

function checkSeconds(value: unknown, what: string, code: RevocadeErrorCode): number {
  if (typeof value !== 'number') {
    throw new RevocadeError(code, `${what} must be a number of seconds since 1970, but is ${describe(value)}`)
  }
  if (!Number.isFinite(value) || value < 0) {
    throw new RevocadeError(code, `${what} must be a number of seconds since 1970, but is ${value}`)
  }
  if (value >= MILLISECONDS_FROM) {
    throw new RevocadeError(code, `${what} is ${value}, which can only be milliseconds: divide it by 1000`)
  }
  return value
}
