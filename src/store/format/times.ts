import { RevocadeError } from '../../errors.js'

/**
 * An integer for a column of times. Fractions are rounded to the safe side: up, but for a start.
 *
 * @throws {RevocadeError} ERR_INVALID_TIME when it is no time after 1970
 */
export function toStoredTime(value: number, name: string): number {
  const time = name === 'notBefore' ? Math.floor(value) : Math.ceil(value)
  if (!Number.isSafeInteger(time) || time < 0) {
    throw new RevocadeError('ERR_INVALID_TIME', `${name} can't be stored: ${value} is no time after 1970`)
  }
  return time
}
