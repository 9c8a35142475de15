import type { Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'

/** Something that can be revoked. */
export type Choice =
  | { readonly key: 'token'; readonly kind: 'token'; readonly name: string }
  | { readonly key: string; readonly kind: 'id'; readonly name: string; readonly claim: string }
  | {
      readonly key: string
      readonly kind: 'selector'
      readonly name: string
      readonly claims: readonly string[]
    }

/** What can be revoked: a token, one by its id, or all with some claims that checks look for. */
export function choicesOf(engine: Revocade): readonly [Choice, ...Choice[]] {
  const { idClaims, selectors } = internalsOf(engine, 'choicesOf()').settings
  return [
    { key: 'token', kind: 'token', name: 'A token' },
    ...idClaims.map((claim): Choice => ({
      key: `id.${claim}`,
      kind: 'id',
      claim,
      name: `A token by its ${claim}`,
    })),
    ...selectors.map((claims): Choice => ({
      key: `all.${claims.join('+')}`,
      kind: 'selector',
      claims,
      name: `All tokens by ${claims.join(' + ')}`,
    })),
    { key: 'everybody', kind: 'selector', claims: [], name: 'Everybody’s tokens' },
  ]
}
