import { CliError } from '../errors.js'

/** With a time of day the zone must be said: the same text must not mean two instants on two machines. */
const ISO_8601 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/
const NUMERIC_DATE = /^\d+(\.\d+)?$/
const DURATION = /^(\d+(\.\d+)?[smhdw])+$/
const UNIT_SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** A date or date-time of ISO 8601 (with zone), or NumericDate seconds, as the engine takes it. */
export function parseTime(value: string | number, name: string): Date | number {
  if (typeof value === 'number') return value
  if (NUMERIC_DATE.test(value)) return Number(value)
  if (ISO_8601.test(value)) {
    const date = new Date(value)
    if (!Number.isNaN(date.getTime()) && sameDay(date, value)) return date
  }
  throw new CliError(
    'ERR_INVALID_TIME',
    `${name} is no time. Give ISO 8601 with a zone (2026-12-31, 2026-12-31T18:00:00Z) or NumericDate seconds.`,
  )
}

/** `new Date('2026-02-30')` rolls over to March without a word. */
function sameDay(date: Date, text: string): boolean {
  if (text.length > 10) return sameDay(new Date(text.slice(0, 10)), text.slice(0, 10))
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/** `90s`, `15m`, `8h`, `30d`, `2w`, or several in a row (`1h30m`), as seconds. */
export function parseDuration(text: string, name: string): number {
  if (!DURATION.test(text))
    throw new CliError('ERR_USAGE', `${name} is no duration. Give 90s, 15m, 8h, 30d, 2w or 1h30m.`)
  let seconds = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)) {
    seconds += Number(amount) * UNIT_SECONDS[unit]
  }
  return seconds
}

/** For tables: UTC to the second. */
export function shortTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}Z`
}
