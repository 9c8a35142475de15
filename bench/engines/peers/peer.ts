import type { TokenClaims } from '#dist/index.js'

/**
 * One way of knowing which tokens are revoked, used as its documentation says. Each gets the raw token and
 * the claims from its verifier, and takes what it needs.
 */
export interface Peer extends AsyncDisposable {
  readonly name: string
  revoke(token: string, claims: TokenClaims): void | Promise<void>
  /** Rejects where it can't say. */
  isRevoked(token: string, claims: TokenClaims): boolean | Promise<boolean>
}

/** What a peer keys by; every token of a benchmark has them. */
export function textOf(claims: TokenClaims, name: string): string {
  const value = claims[name]
  if (typeof value !== 'string') throw new Error(`the token has no ${name}`)
  return value
}

export function numberOf(claims: TokenClaims, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number') throw new Error(`the token has no ${name}`)
  return value
}
