import { RevocadeError, type RevocadeErrorCode } from '../errors.js'
import { redact } from '../redact.js'
import { SELECTORS_ALONE } from '../token/claim-values.js'

/** What the command line offers instead. */
const CLI_SELECTORS_ALONE =
  'name its id claim (--id-claims), check selectors only (check --selectors-only), ' +
  'or revoke by other claims (revoke --where)'

/** Codes that only the command line has; docs/cli.md lists them. */
export type CliErrorCode =
  | RevocadeErrorCode
  | 'ERR_USAGE'
  | 'ERR_FILE'
  | 'ERR_BAD_LINE'
  | 'ERR_BAD_KEY'
  | 'ERR_NOT_COPIED'
  | 'ERR_PEER_MISSING'
  | 'ERR_INTERNAL'

/** A failure with a message for whoever typed the command. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode

  constructor(code: CliErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** The form in which every failure is printed. */
export interface ErrorReport {
  readonly code: CliErrorCode
  readonly message: string
}

/** Turns anything thrown into a code and a message that are safe to print. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof RevocadeError || error instanceof CliError) {
    const message = error.message.replace(SELECTORS_ALONE, CLI_SELECTORS_ALONE)
    return { code: error.code, message: printable(redact(message)) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'ERR_INTERNAL', message: printable(redact(`${message} (--verbose shows where)`)) }
}

/**
 * Text from files, tokens or the store, safe for a terminal: no control characters (they could move the
 * cursor or rewrite lines above) and no marks that reorder what is read.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')
}

const SYSTEM_REASONS: { readonly [code: string]: string | undefined } = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'it exists already',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
}

/** What the operating system said, in words where we have some: `there is no such file … (ENOENT)`. */
export function systemReason({ code }: { readonly code: string }): string {
  const words = SYSTEM_REASONS[code]
  return words === undefined ? code : `${words} (${code})`
}

/** Tells whether an error comes from the operating system (`ENOENT`, `EACCES` …). */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}
