/** The schemes of RFC 6750 and RFC 9449. A DPoP proof is not checked here: that is the verifier's work. */
export type Scheme = 'Bearer' | 'DPoP'

/** What the header `Authorization` holds. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly scheme: Scheme; readonly token: string }
  | {
      /**
       * There is something, but not one readable token: several headers, another scheme, a damaged token.
       */
      readonly kind: 'unreadable'
      readonly scheme: Scheme
      readonly fault: 'several' | 'scheme' | 'malformed'
    }

const NONE: Credential = Object.freeze({ kind: 'none' })

/** `credentials` of RFC 6750, section 2.1: a scheme, spaces, a b64token. */
const CREDENTIALS = /^(?:(Bearer)|DPoP) +([\w\-.~+/]+=*)$/i
const SCHEME = /^(?:Bearer|(DPoP))(?: |$)/i

/**
 * Reads the values of the header `Authorization`, one for each line that the client sent. Only one is
 * accepted: of several, another program may read another one than was checked here.
 *
 * @param values - all values, in any order; a list that was joined with commas is not readable
 */
export function readCredential(values: readonly string[]): Credential {
  const [value] = values
  if (value === undefined) return NONE
  if (values.length > 1) return { kind: 'unreadable', scheme: schemeOf(values), fault: 'several' }
  const [, bearer, token] = CREDENTIALS.exec(value) ?? []
  if (token !== undefined) return { kind: 'token', scheme: bearer === undefined ? 'DPoP' : 'Bearer', token }
  const fault = SCHEME.test(value) ? 'malformed' : 'scheme'
  return { kind: 'unreadable', scheme: schemeOf(values), fault }
}

/** The scheme to challenge with: DPoP if the client uses it, else Bearer. */
export function schemeOf(values: readonly string[]): Scheme {
  return values.some((value) => SCHEME.exec(value)?.[1] !== undefined) ? 'DPoP' : 'Bearer'
}

/**
 * Where the token begins in a value with the usual spelling of its scheme; 0 for any other value, which may
 * have a token as well.
 */
export function startOfToken(value: string): number {
  if (value.startsWith('Bearer ')) return 'Bearer '.length
  return value.startsWith('DPoP ') ? 'DPoP '.length : 0
}
