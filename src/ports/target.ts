/** What a revocation names: one token (by an id claim or by a hash), or all tokens with some claims. */
export type Target =
  | { readonly kind: 'id'; readonly claim: string; readonly id: string | number; readonly iss?: string }
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'selector'; readonly where: Readonly<Record<string, string | number>> }
