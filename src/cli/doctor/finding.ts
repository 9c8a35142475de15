import { isSystemError, printable } from '../errors.js'

/** What one check found. */
export interface Finding {
  readonly check: string
  /** `fail`: revocation does not work, or not as promised. `warn`: it does, but look at this. */
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string
}

export function ok(check: string, detail: string): Finding {
  return { check, status: 'ok', detail }
}

export function warn(check: string, detail: string, advice: string): Finding {
  return { check, status: 'warn', detail, advice }
}

export function fail(check: string, detail: string, advice: string): Finding {
  return { check, status: 'fail', detail, advice }
}

/** Why something could not be done, in a few words. */
export function why(error: unknown): string {
  if (isSystemError(error)) return error.code
  return error instanceof Error ? printable(error.message) : String(error)
}

export function millisecondsText(ms: number): string {
  return `${ms.toLocaleString('en', { maximumSignificantDigits: 3 })} ms`
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
