import type { RevocationStore, Target, Written } from '../ports/index.js'
import type { Receipt } from '../receipt.js'
import type { TokenDigester } from '../token/identify.js'
import { REFRESH_TOKEN_FORM } from '../token/refresh-token-form.js'
import { holdsToken } from '../token/token-in-text.js'

/** What a receipt says of one revocation. */
interface Outcome {
  readonly outcome: Receipt['outcome']
  readonly target: Target
  readonly written: Written
  readonly redis: Receipt['redis']
  readonly effectiveEverywhereAt: Date
  readonly note?: string | undefined
}

/** How durable a receipt says that a change is. */
export const durableIn = (store: Pick<RevocationStore, 'durable'>): Receipt['durable'] =>
  store.durable ?? true

/** The receipt of one durable change, or of a call that had nothing to change. */
export function receipt(what: Outcome, store: Pick<RevocationStore, 'durable'>): Receipt {
  const { outcome, target, written, redis, effectiveEverywhereAt, note } = what
  const { seq, notBefore, expiresAt } = written
  return {
    seq,
    outcome,
    target,
    ...(notBefore === undefined ? {} : { notBefore: new Date(notBefore) }),
    expiresAt: new Date(expiresAt * 1000),
    durable: durableIn(store),
    redis,
    effectiveEverywhereAt: new Date(Math.max(effectiveEverywhereAt.getTime(), notBefore ?? 0)),
    ...(note === undefined ? {} : { note }),
  }
}

/**
 * The note of a receipt for a token that was revoked as a string.
 *
 * @param token - the last one that the digester has read
 */
export function noteOnToken(digester: TokenDigester, token: unknown): string | undefined {
  if (digester.isOpaque && typeof token === 'string' && REFRESH_TOKEN_FORM.test(token))
    return (
      'this looks like a refresh token of revocade/sessions. It is revoked as a string, and its session ' +
      "goes on: sessions.revoke({ refreshToken }) or 'revocade sessions end' ends it"
    )
  if (digester.isOpaque && typeof token === 'string' && holdsToken(token))
    return (
      'there is a whole token within this string, which is revoked as it is, with all its characters. The ' +
      'token within is not: if checks are given that, revoke it'
    )
  if (!digester.sealed) return undefined
  return (
    'this token is revoked as a string. The engine can not look inside: its claims, once opened, are ' +
    'another name, so where claims are checked, revoke the claims'
  )
}

/** The note of a receipt for a selector. */
export function noteOnSelector({ sawSeveralIssuers }: TokenDigester, target: Target): string | undefined {
  const names = target.kind === 'selector' ? Object.keys(target.where) : []
  // The selector of everybody means it.
  if (!sawSeveralIssuers || names.length === 0 || names.includes('iss')) return undefined
  return (
    'this selector names no issuer, and tokens of several issuers were checked: it revokes the tokens of ' +
    "all of them. To name one, add a selector such as ['iss', 'sub'] to the option 'claims'"
  )
}
