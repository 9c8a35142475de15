/** Decoded claims of a verified token. */
export type TokenClaims = Readonly<Record<string, unknown>>

/**
 * The claims that the engine reads, so that an `interface` of yours with one of them is a {@link Token} too.
 * TypeScript takes no type that has none of them, such as a promise that was not awaited.
 */
export interface RegisteredClaims {
  readonly jti?: unknown
  readonly sid?: unknown
  readonly sub?: unknown
  readonly iss?: unknown
  readonly iat?: unknown
  readonly exp?: unknown
}

/** A token: the raw JWT or opaque string, or the decoded claims of a JWT. */
export type Token = string | TokenClaims | RegisteredClaims
