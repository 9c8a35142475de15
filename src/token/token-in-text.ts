/**
 * `"alg"` in base64url, once for each place at which it may begin in a group of three bytes. Every header of
 * a JWT or JWE has it (RFC 7515, section 4.1.1; RFC 7516, section 4.1.1).
 */
const ALG = /ImFsZyI|[CSiy]JhbGci|iYWxnI[gij]/

/** A dot, also percent-encoded, once or several times. */
const DOT = String.raw`(?:\.|%(?:25)*2[Ee])`
const ANY_DOT = new RegExp(DOT)

/** A PASETO with a payload of a nonce and a tag at least. What is shorter is no token, but perhaps a host. */
const PASETO = new RegExp(String.raw`v[1-4]${DOT}(?:local|public)${DOT}[\w-]{54}`)

/**
 * Whether a JWT, JWE or PASETO is in a text: the text itself, or behind a scheme (`DPoP eyJ…`), the name of a
 * parameter (`token=eyJ…`), a prefix of a key, or anything else; also with its dots percent-encoded. Takes
 * time in proportion to the length of the text. By chance it finds one in fewer than one of 10^9 random ids.
 *
 * It does not find opaque tokens, which can't be told from ids; a token without its header; one that is
 * encoded once more, such as in base64; the JSON serializations of RFC 7515 and RFC 7516.
 */
export function holdsToken(text: string): boolean {
  const at = text.search(ALG)
  return (at >= 0 && ANY_DOT.test(text.slice(at))) || PASETO.test(text)
}

/** What the field `Authorization` can have behind `Bearer ` (RFC 6750, section 2.1: `b64token`). */
const BEARER = /^[\w.~+/-]+=*$/

/**
 * Whether a string has a token in it, and can't be a bearer token itself: `token=eyJ…`, `a:eyJ…`.
 * A key with a token in it, such as `key_eyJ…`, can be one.
 */
export const wrapsToken = (text: string): boolean => !BEARER.test(text) && holdsToken(text)

/**
 * A text for people without the tokens that {@link holdsToken} finds: `<token>` in place of each word with
 * one, or of the whole text where white space divides the token.
 */
export function withoutTokens(text: string): string {
  if (!holdsToken(text)) return text
  const rest = text.replace(/\S+/g, (word) => (holdsToken(word) ? '<token>' : word))
  return holdsToken(rest) ? '<token>' : rest
}
