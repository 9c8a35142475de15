import { CliError } from '../errors.js'

/** A time of day needs a zone: otherwise the same text would mean different instants on two machines. */
const ISO_8601 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/
const NUMERIC_DATE = /^\d+(\.\d+)?$/
const DURATION = /^(\d+(\.\d+)?[smhdw])+$/
const UNIT_SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/**
 * Parses an ISO 8601 date or date-time (with zone), or NumericDate seconds.
 *
 * @param name - of the option or field, for the error text
 * @throws {CliError} ERR_INVALID_TIME when the value is neither
 */
export function parseTime(value: string | number, name: string): Date | number {
  if (typeof value === 'number') return value
  if (NUMERIC_DATE.test(value)) return Number(value)
  if (ISO_8601.test(value)) {
    const date = new Date(value)
    if (!Number.isNaN(date.getTime()) && sameDay(date, value)) return date
  }
  throw new CliError(
    'ERR_INVALID_TIME',
    `${name} is not a time: give ISO 8601 with a zone (2026-12-31, 2026-12-31T18:00:00Z) or NumericDate ` +
      'seconds',
  )
}

/** False for a day such as 2026-02-30, which `new Date` silently turns into a day of March. */
function sameDay(date: Date, text: string): boolean {
  if (text.length > 10) return sameDay(new Date(text.slice(0, 10)), text.slice(0, 10))
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/**
 * Parses `90s`, `15m`, `8h`, `30d`, `2w`, or several in a row (`1h30m`).
 *
 * @param name - of the option, for the error text
 * @returns seconds
 * @throws {CliError} ERR_USAGE when the text is not a duration
 */
export function parseDuration(text: string, name: string): number {
  if (!DURATION.test(text))
    throw new CliError('ERR_USAGE', `${name} is not a duration: give 90s, 15m, 8h, 30d, 2w or 1h30m`)
  let seconds = 0
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit] ?? Number.NaN)
  }
  return seconds
}

/** A time for tables: UTC, to the second. */
export function shortTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}Z`
}
