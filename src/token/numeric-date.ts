import { isDate } from 'node:util/types'
import { RevocadeError, type RevocadeErrorCode } from '../errors.js'
import { type ClaimPath, valueAt } from './claim-path.js'
import { describeType, unreadable } from './claim-values.js'

/**
 * The first number that is taken for milliseconds. In seconds it is the start of the year 10000; in
 * milliseconds it is 1978.
 */
const MILLISECONDS_FROM = 253_402_300_800

/**
 * A time claim of a token, in NumericDate seconds (RFC 7519, section 2), perhaps with a fraction.
 *
 * @returns undefined when the claim is absent
 * @throws {RevocadeError} ERR_INVALID_TOKEN when it is not a number, negative, not finite, or in milliseconds
 */
export function numericDate(claims: object, name: 'exp' | 'iat' | 'nbf'): number | undefined {
  return numericDateAt(claims, [name])
}

/**
 * As {@link numericDate}, of the claim at a path.
 *
 * @throws {RevocadeError} ERR_INVALID_TOKEN as {@link numericDate}
 */
export function numericDateAt(claims: object, path: ClaimPath): number | undefined {
  let value: unknown
  try {
    value = valueAt(claims, path)
  } catch (error) {
    throw unreadable(error)
  }
  if (value === undefined) return undefined
  return checkSeconds(value, `claim "${path.join('/')}"`, 'ERR_INVALID_TOKEN')
}

/**
 * A time that a caller gave, as a `Date` or in NumericDate seconds.
 *
 * @param option names the option in the error message
 * @param orWord what else the option may be, for the error message
 * @returns NumericDate seconds, perhaps with a fraction
 * @throws {RevocadeError} ERR_INVALID_TIME when it is neither, before 1970, not finite, or in milliseconds
 */
export function toSeconds(value: unknown, option: string, orWord?: string): number {
  if (typeof value === 'number') return checkSeconds(value, option, 'ERR_INVALID_TIME')
  if (!isDate(value)) {
    const or = orWord === undefined ? '' : `, or '${orWord}'`
    throw invalid(`${option} must be a Date or NumericDate seconds${or}, but is ${describeType(value)}`)
  }
  if (Number.isNaN(value.getTime())) throw invalid(`${option} is an invalid Date`)
  if (value.getTime() >= MILLISECONDS_FROM * 1000) throw invalid(`${option} is after the year 9999`)
  return checkSeconds(value.getTime() / 1000, option, 'ERR_INVALID_TIME')
}

function invalid(message: string): RevocadeError {
  return new RevocadeError('ERR_INVALID_TIME', message)
}

/**
 * A time that a caller gave, as {@link toSeconds} takes it.
 *
 * @returns milliseconds since 1970
 * @throws {RevocadeError} ERR_INVALID_TIME as {@link toSeconds}
 */
export function toMilliseconds(value: unknown, option: string, orWord?: string): number {
  const seconds = toSeconds(value, option, orWord)
  return isDate(value) ? value.getTime() : seconds * 1000
}

function checkSeconds(value: unknown, what: string, code: RevocadeErrorCode): number {
  if (typeof value !== 'number') {
    const given = describeType(value)
    throw new RevocadeError(code, `${what} must be a number of seconds since 1970, but is ${given}`)
  }
  if (!Number.isFinite(value) || value < 0) {
    throw new RevocadeError(code, `${what} must be a number of seconds since 1970, but is ${value}`)
  }
  if (value >= MILLISECONDS_FROM) {
    throw new RevocadeError(code, `${what} is ${value}, which can only be milliseconds: divide it by 1000`)
  }
  return value
}
