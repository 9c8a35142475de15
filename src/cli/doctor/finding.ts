import { redact } from '../../redact.js'
import { isSystemError, printable, systemReason } from '../errors.js'

/** The result of one check. */
export interface Finding {
  readonly check: string
  /** `fail`: revocation does not work, or not as promised. `warn`: it does, but look at this. */
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do about a warning or a failure. */
  readonly advice?: string
}

/** A check that passed. */
export function ok(check: string, detail: string): Finding {
  return { check, status: 'ok', detail: redact(detail) }
}

/** A check that passed, with something to look at. */
export function warn(check: string, detail: string, advice: string): Finding {
  return { check, status: 'warn', detail: redact(detail), advice: redact(advice) }
}

/** A check that failed. */
export function fail(check: string, detail: string, advice: string): Finding {
  return { check, status: 'fail', detail: redact(detail), advice: redact(advice) }
}

/** The reason of a failure: what the operating system said, or the message. */
export function why(error: unknown): string {
  if (isSystemError(error)) return systemReason(error)
  return error instanceof Error ? printable(error.message) : String(error)
}

/** Milliseconds with three significant digits. */
export function millisecondsText(ms: number): string {
  return `${ms.toLocaleString('en', { maximumSignificantDigits: 3 })} ms`
}
