import { describe, expect, it } from 'vitest'
import { numericDate, toMilliseconds, toSeconds } from '#dist/token/numeric-date.js'
import { ourError } from '../support/errors.js'

describe('NumericDate times', () => {
  it('are NumericDate seconds in claims', () => {
    expect(numericDate({ exp: 1_800_000_000.5 }, 'exp')).toBe(1_800_000_000.5)
    expect(numericDate({ iat: 0 }, 'iat')).toBe(0)
    expect(numericDate({}, 'nbf')).toBeUndefined()
    // The last second of the year 9999 is what .NET's DateTime.MaxValue becomes.
    expect(numericDate({ exp: 253_402_300_799 }, 'exp')).toBe(253_402_300_799)
  })

  it.each<[unknown, string]>([
    [1_800_000_000_000, 'can only be milliseconds'],
    [253_402_300_800, 'can only be milliseconds'],
    [-1, 'but is -1'],
    [Number.POSITIVE_INFINITY, 'but is Infinity'],
    [Number.NaN, 'but is NaN'],
    ['1800000000', 'but is a string'],
    [null, 'but is null'],
    [{}, 'but is an object'],
  ])('a claim of %j is refused', (value, message) => {
    expect(() => numericDate({ exp: value }, 'exp')).toThrow(ourError('ERR_INVALID_TOKEN', `claim "exp"`))
    expect(() => numericDate({ iat: value }, 'iat')).toThrow(ourError('ERR_INVALID_TOKEN', message))
    expect(() => toSeconds(value, 'expiresAt')).toThrow(ourError('ERR_INVALID_TIME', 'expiresAt'))
    expect(() => toMilliseconds(value, 'issuedBefore')).toThrow(ourError('ERR_INVALID_TIME', message))
  })

  it('are seconds or Dates in options', () => {
    const date = new Date(1_800_000_000_123)
    expect(toSeconds(1_800_000_000, 'expiresAt')).toBe(1_800_000_000)
    expect(toSeconds(date, 'expiresAt')).toBe(1_800_000_000.123)
    expect(toMilliseconds(1_800_000_000, 'issuedBefore')).toBe(1_800_000_000_000)
    expect(toMilliseconds(date, 'issuedBefore')).toBe(1_800_000_000_123)
    for (const wrong of [new Date(Number.NaN), new Date(-1), new Date(8.64e15)]) {
      expect(() => toSeconds(wrong, 'expiresAt')).toThrow(ourError('ERR_INVALID_TIME', 'expiresAt'))
    }
    expect(() => toSeconds(new Date(8.64e15), 'expiresAt')).toThrow('after the year 9999')
    expect(() => toSeconds('2026-01-01', 'expiresAt')).toThrow(
      'expiresAt must be a Date or NumericDate seconds, but is a string',
    )
    expect(() => toMilliseconds('no', 'issuedBefore', 'ever')).toThrow("seconds, or 'ever', but is a string")
  })
})
