/// <reference lib="es2024.string" />
import { RevocadeError } from '../errors.js'

/** Names the type of a value for a message, without its content. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'undefined'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  if (value === '') return 'an empty string'
  return `a ${typeof value}`
}

/** The error for a claim value that can't name anything: no non-empty, well-formed string and no safe integer. */
export function unusableClaim(name: string, value: unknown): RevocadeError {
  return new RevocadeError('ERR_INVALID_TOKEN', `The claim "${name}" ${complaint(value)}`)
}

function complaint(value: unknown): string {
  if (typeof value === 'number') {
    return 'is a number that is not a whole number of at most 2^53 - 1 in size, so it is not exact: issue it as a string'
  }
  if (typeof value === 'string' && value !== '') {
    return 'has lone surrogates (half of a UTF-16 pair), so it has no UTF-8 form: refuse this token'
  }
  return `is ${describe(value)}: give it a non-empty string or a whole number, or leave it out`
}

/** The error for claim values that are longer than any token may be. */
export function claimTooLong(name: string, maxBytes: number): RevocadeError {
  return new RevocadeError(
    'ERR_INVALID_TOKEN',
    `The claim "${name}" is too long: the limit is ${maxBytes} bytes (the option maxTokenBytes)`,
  )
}

/**
 * The issuer as part of an identity.
 *
 * @throws RevocadeError `ERR_INVALID_TOKEN` where it is present and not a string
 */
export function issuerOf(iss: unknown): string | undefined {
  if (iss === undefined || typeof iss === 'string') return iss
  throw new RevocadeError(
    'ERR_INVALID_TOKEN',
    `The claim "iss" is ${describe(iss)}: an issuer is a string (RFC 7519, section 4.1.1), or left out`,
  )
}

/** The error for what is neither a string nor claims. */
export function notAToken(token: unknown): RevocadeError {
  const given = ArrayBuffer.isView(token) ? 'binary data' : describe(token)
  return new RevocadeError(
    'ERR_INVALID_TOKEN',
    `A token is a string or the object of its claims, but this is ${given}`,
  )
}

/**
 * Whether a value holds a token instead of being one: a decoded JWT with its header (jsonwebtoken and fast-jwt with
 * `complete`, the result of jose), a promise that was not awaited, a String object.
 */
export function isWrapped(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const decoded = 'payload' in value && ('signature' in value || 'protectedHeader' in value)
  return decoded || ('then' in value && typeof value.then === 'function') || value instanceof String
}

/** The error for claims that have none of the id claims. */
export function notIdentifiable(idClaims: readonly string[], claims: object | undefined): RevocadeError {
  const names = idClaims.map((claim) => `"${claim}"`).join(' or ')
  const advice = isWrapped(claims)
    ? 'this looks like a complete JWT or the promise of one, so pass its .payload, awaited'
    : 'pass the raw token instead, issue tokens with such a claim, or check selectors only ({ selectorsOnly: true })'
  return new RevocadeError(
    'ERR_TOKEN_NOT_IDENTIFIABLE',
    `The claims have no ${names || 'id claim'}: ${advice}`,
  )
}

/**
 * Checks a namespace or claim name that becomes part of an encoding.
 *
 * @param what names the option for the message
 * @throws RevocadeError `ERR_CONFIG` where it is not a non-empty, well-formed string
 */
export function checkName(name: unknown, what: string): string {
  if (typeof name === 'string' && name !== '' && name.isWellFormed()) return name
  const given = typeof name === 'string' && name !== '' ? 'a string with lone surrogates' : describe(name)
  throw new RevocadeError('ERR_CONFIG', `${what} must be a non-empty string, but is ${given}`)
}
