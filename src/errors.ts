import { redact, redactValue } from './redact.js'

/**
 * The codes of {@link RevocadeError}, each with the HTTP status for a gateway to answer with. docs/errors.md
 * has a section for each code, and a test compares the two lists.
 */
export const ERROR_STATUS = {
  /**
   * The token is not a string or a claims object, is empty, too long or malformed, or has an unusable claim.
   */
  ERR_INVALID_TOKEN: 400,
  /** Nothing identifies the token: it has no id claim, and there is no raw string to hash. */
  ERR_TOKEN_NOT_IDENTIFIABLE: 400,
  /** The revocation would never end: there is no `exp`, no `expiresAt` and no maximum token lifetime. */
  ERR_NO_EXPIRY: 400,
  /** A time is negative, not finite, or can only be milliseconds. */
  ERR_INVALID_TIME: 400,
  /** A refresh token is not valid, for whatever reason. */
  ERR_REFRESH_REFUSED: 400,
  /** A login can't begin or be joined: it has ended, is revoked, or there are too many. */
  ERR_LOGIN_REFUSED: 400,
  /** A verifier of revocade/verify was given a token that is revoked. */
  ERR_REVOKED: 401,
  /** An option or argument is unknown, misspelt or out of range. */
  ERR_CONFIG: 500,
  /** Nothing could decide, or too many writes are waiting. Try again. */
  ERR_UNAVAILABLE: 503,
  /** The change could not be made durable, so it was not acknowledged. Try again. */
  ERR_NOT_DURABLE: 503,
  /** The store can't be opened, read or written. */
  ERR_STORE_UNAVAILABLE: 503,
  /** The store belongs to another application, a newer schema or another secret. */
  ERR_STORE_MISMATCH: 500,
  /** The store is damaged, or is not a database. The file is left as it is. */
  ERR_STORE_CORRUPT: 500,
  /** The engine was closed. */
  ERR_CLOSED: 503,
} as const

/** The stable codes of {@link RevocadeError}. */
export type RevocadeErrorCode = keyof typeof ERROR_STATUS

/**
 * What this package throws; the adapters alone have another class, for requests. Tokens and the credentials
 * of URLs are removed from the message, and from those of its causes.
 *
 * @example
 * if (error instanceof RevocadeError && error.code === 'ERR_UNAVAILABLE') return retryLater()
 */
export class RevocadeError extends Error {
  override readonly name = 'RevocadeError'
  readonly code: RevocadeErrorCode
  /**
   * HTTP status: 400 for a bad token, 401 for a revoked one, 500 for a wrong set-up, 503 when the caller
   * should try again.
   */
  readonly statusCode: number

  constructor(code: RevocadeErrorCode, message: string, options?: { cause?: unknown }) {
    super(redact(message), options?.cause === undefined ? options : { cause: redactValue(options.cause) })
    this.code = code
    this.statusCode = ERROR_STATUS[code]
  }

  /**
   * `instanceof RevocadeError` goes by name and code. So it also holds for an error of another copy of this
   * package or of another realm (Jest, `node:vm`), where the class is not the same object.
   */
  static override [Symbol.hasInstance](value: unknown): value is RevocadeError {
    if (Object.prototype.isPrototypeOf.call(this.prototype, Object(value))) return true
    // A subclass only inherits this method. (A class that names itself in here is renamed by bundlers.)
    if (!Object.hasOwn(this, Symbol.hasInstance) || typeof value !== 'object' || value === null) return false
    return (
      'name' in value && value.name === 'RevocadeError' && 'code' in value && typeof value.code === 'string'
    )
  }
}
