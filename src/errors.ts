/**
 * Every error this package throws on purpose, and the HTTP status a gateway would answer with.
 * docs/errors.md has a section for each; a test holds the two lists equal.
 */
export const ERROR_STATUS = {
  /** The token is no string or claims object, is empty, too large, malformed, or has a claim that can't be used. */
  ERR_INVALID_TOKEN: 400,
  /** Nothing names the token: no id claim, and no raw string to hash. */
  ERR_TOKEN_NOT_IDENTIFIABLE: 400,
  /** A revocation would never end: no `exp`, no `expiresAt`, no maximum token lifetime. */
  ERR_NO_EXPIRY: 400,
  /** A time that is negative, not finite, or can only be milliseconds. */
  ERR_INVALID_TIME: 400,
  /** An option or argument is unknown, misspelt or out of range. */
  ERR_CONFIG: 500,
  /** Nothing could decide, or too much is waiting already. Try again. */
  ERR_UNAVAILABLE: 503,
  /** The change could not be made durable, so it was not acknowledged. Try again. */
  ERR_NOT_DURABLE: 503,
  /** The store can't be opened, read or written. */
  ERR_STORE_UNAVAILABLE: 503,
  /** The store belongs to something else: another application, a newer schema, another secret. */
  ERR_STORE_MISMATCH: 500,
  /** The store is damaged, or no database at all. The file was left as it was. */
  ERR_STORE_CORRUPT: 500,
  /** The engine was closed. */
  ERR_CLOSED: 503,
} as const

/** The stable codes of {@link RevocadeError}. */
export type RevocadeErrorCode = keyof typeof ERROR_STATUS

/** The one error class of this package: branch on `code`, answer with `statusCode`. */
export class RevocadeError extends Error {
  override readonly name = 'RevocadeError'
  readonly code: RevocadeErrorCode
  /** The HTTP status that fits: 400 for a bad token, 503 for "ask again", 500 for a wrong set-up. */
  readonly statusCode: number

  constructor(code: RevocadeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.statusCode = ERROR_STATUS[code]
  }
}
