/**
 * What a revocation names.
 *
 * - `id`: the token with this value of an id claim, and this issuer if there is one
 * - `hash`: the token with this SHA-256, in hexadecimal
 * - `selector`: all tokens whose claims equal these values
 */
export type Target =
  | { readonly kind: 'id'; readonly claim: string; readonly id: string | number; readonly iss?: string }
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'selector'; readonly where: Readonly<Record<string, string | number>> }
