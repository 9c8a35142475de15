/// <reference lib="es2024.string" />
import { RevocadeError } from '../errors.js'

/** Names the type of a value for an error message, without its content. */
export function describeType(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'undefined'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  if (value === '') return 'an empty string'
  return `a ${typeof value}`
}

/** The error for a claim value that is neither a non-empty, well-formed string nor a safe integer. */
export function unusableClaim(name: string, value: unknown): RevocadeError {
  return new RevocadeError('ERR_INVALID_TOKEN', `claim "${name}" ${faultOf(value)}`)
}

function faultOf(value: unknown): string {
  if (typeof value === 'number') {
    return (
      'is a number that is not a whole number of at most 2^53 - 1 in size, so it is not exact: ' +
      'issue it as a string'
    )
  }
  if (typeof value === 'string' && value !== '') {
    return 'has lone surrogates (half of a UTF-16 pair), so it has no UTF-8 form: refuse this token'
  }
  return `is ${describeType(value)}: give it a non-empty string or a whole number, or leave it out`
}

/** The error for claim values that are longer than the longest token. */
export function claimTooLong(name: string, maxBytes: number): RevocadeError {
  return new RevocadeError(
    'ERR_INVALID_TOKEN',
    `claim "${name}" is too long: the limit is ${maxBytes} bytes (option 'maxTokenBytes')`,
  )
}

/**
 * The issuer as part of an identity.
 *
 * @returns undefined when the token has no issuer
 * @throws {RevocadeError} ERR_INVALID_TOKEN when it is present and not a string
 */
export function issuerOf(iss: unknown): string | undefined {
  if (iss === undefined || typeof iss === 'string') return iss
  throw new RevocadeError(
    'ERR_INVALID_TOKEN',
    `claim "iss" is ${describeType(iss)}: an issuer is a string (RFC 7519, section 4.1.1), or left out`,
  )
}

/** The error for a value that is neither a string nor claims. */
export function notAToken(token: unknown): RevocadeError {
  const given = ArrayBuffer.isView(token) ? 'binary data' : describeType(token)
  return new RevocadeError(
    'ERR_INVALID_TOKEN',
    `a token is a string or the object of its claims, but this is ${given}`,
  )
}

/** The error for claims of which a getter, or a proxy, throws. */
export function unreadable(cause: unknown): RevocadeError {
  if (cause instanceof RevocadeError) return cause
  return new RevocadeError('ERR_INVALID_TOKEN', "the claims can't be read, because a getter throws", {
    cause,
  })
}

/**
 * Whether a value holds a token instead of being one. Examples are a decoded JWT with its header
 * (jsonwebtoken and fast-jwt with `complete`, the result of jose), a promise that was not awaited, and a
 * String object.
 */
export function isWrapped(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const decoded = 'payload' in value && ('signature' in value || 'protectedHeader' in value)
  return decoded || ('then' in value && typeof value.then === 'function') || value instanceof String
}

/** Where libraries put the claims in what they return. */
const CLAIMS_WITHIN = ['payload', 'claims', 'content', 'body']

/** The name under which an object holds another one that may be the claims. */
export function claimsWithin(value: object): string | undefined {
  return CLAIMS_WITHIN.find((name) => {
    const inner: unknown = Reflect.get(value, name)
    return typeof inner === 'function' || (typeof inner === 'object' && inner !== null)
  })
}

/** How {@link notIdentifiable} ends where selectors can be checked alone. */
export const SELECTORS_ALONE = 'check selectors only ({ selectorsOnly: true })'

/**
 * The error for claims in which nothing can be looked up.
 *
 * @param by what was to be looked up: the token, or selectors only
 */
export function notIdentifiable(
  idClaims: readonly string[],
  claims: object | undefined,
  by: 'token' | 'selectors',
): RevocadeError {
  const names = idClaims.map((claim) => `"${claim}"`).join(' or ')
  const within = claims === undefined ? undefined : claimsWithin(claims)
  let advice = `pass the raw token instead, issue tokens with such a claim, or ${SELECTORS_ALONE}`
  if (by === 'selectors')
    advice =
      "nor the claims of a selector (option 'claims'), so nothing can be looked up: pass verified claims"
  if (within !== undefined || isWrapped(claims)) {
    const whole = 'this looks like the result of a verifier, or the promise of one'
    advice = `${whole}, so pass its .${within ?? 'payload'}, awaited`
  }
  return new RevocadeError(
    'ERR_TOKEN_NOT_IDENTIFIABLE',
    `the claims have no ${names || 'id claim'}: ${advice}`,
  )
}

/**
 * Checks a namespace or claim name that becomes part of an encoding.
 *
 * @param what names the option in the error message
 * @throws {RevocadeError} ERR_CONFIG when it is not a non-empty, well-formed string
 */
export function checkName(name: unknown, what: string): string {
  if (typeof name === 'string' && name !== '' && name.isWellFormed()) return name
  const given = typeof name === 'string' && name !== '' ? 'a string with lone surrogates' : describeType(name)
  throw new RevocadeError('ERR_CONFIG', `${what} must be a non-empty string, but is ${given}`)
}
