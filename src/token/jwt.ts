/// <reference lib="es2024.string" />
import { hash } from 'node:crypto'
import { RevocadeError } from '../errors.js'

/** The decoded claims of a token. */
export type Claims = Readonly<Record<string, unknown>>

/** A token string, read. `claims` are those of a JWT that anyone can decode. */
export interface RawToken {
  readonly claims: Claims | undefined
  /** What names the token where no id claim does; hash it with {@link hashOf}. */
  readonly token: string
  /** A JWT: where its signing input ends. Otherwise the end of `token`, which is then canonical already. */
  readonly end: number
}

/**
 * Reads token strings. A string is
 *
 * - a JWT, if it has three segments and the first is a JSON object; the second must be one too;
 * - a JWE (an encrypted JWT), if it has five segments and the first is a JSON object with `enc`;
 * - opaque otherwise.
 *
 * Segments are decoded as leniently as `Buffer` does, because some library somewhere does so too: whatever a
 * library takes for this token must be the same token here.
 */
export class TokenReader {
  readonly #maxBytes: number
  // Headers repeat (one algorithm, one key): parse each once in a row.
  #lastHeader = ''
  #lastHeaderObject: Claims | undefined

  /** @param maxBytes the longest token, in bytes */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * @throws RevocadeError `ERR_INVALID_TOKEN` where the string is empty, too long, a JWT with a broken payload, or
   *   nothing that could be a token
   */
  read(token: string): RawToken {
    if (token.length > this.#maxBytes) throw this.#tooLong()
    const first = token.indexOf('.')
    if (first <= 0) return this.#opaque(token)
    const header = this.#header(token.slice(0, first))
    if (header === undefined) return this.#opaque(token)
    const second = token.indexOf('.', first + 1)
    const third = second < 0 ? -1 : token.indexOf('.', second + 1)
    if (second > 0 && third < 0) {
      const claims = jsonObject(token.slice(first + 1, second))
      if (claims !== undefined) return { claims, token, end: second }
      throw invalid('The payload of this JWT is not a JSON object: it was damaged, or is no JWT. Refuse it')
    }
    const segments = token.split('.')
    if (segments.length === 5 && header.enc !== undefined) return encrypted(segments)
    // an opaque token may have dots and even JSON in it, but a JOSE header (RFC 7515, section 4.1.1) says JWT
    if (header.alg === undefined) return this.#opaque(token)
    throw invalid(
      `This token starts like a JWT but has ${segments.length} segments instead of three: refuse it`,
    )
  }

  #header(segment: string): Claims | undefined {
    if (segment !== this.#lastHeader) {
      this.#lastHeaderObject = jsonObject(segment)
      // a copy: a slice would keep the whole token alive
      this.#lastHeader = Buffer.from(segment).toString()
    }
    return this.#lastHeaderObject
  }

  #opaque(token: string): RawToken {
    const trimmed = token.trim()
    if (trimmed === '') throw invalid('The token is empty: was there one in the request?')
    if (/^bearer(?:\s|$)/i.test(trimmed)) {
      throw invalid('The token starts with "Bearer": pass the token itself, without the Bearer prefix')
    }
    if (/[\s\p{Cc}]/u.test(trimmed)) {
      throw invalid(
        'The token has white space or control characters inside: pass the token itself, not a whole header',
      )
    }
    if (!trimmed.isWellFormed()) {
      throw invalid(
        'The token has lone surrogates (half of a UTF-16 pair), so it has no UTF-8 form: refuse it',
      )
    }
    if (Buffer.byteLength(trimmed) > this.#maxBytes) throw this.#tooLong()
    return { claims: undefined, token: trimmed, end: trimmed.length }
  }

  #tooLong(): RevocadeError {
    return invalid(`The token is longer than ${this.#maxBytes} bytes (the option maxTokenBytes): refuse it`)
  }
}

/**
 * SHA-256, in lower-case hexadecimal, of what no holder of the token can change: of a JWT the signing input
 * `header.payload`, but not the signature, which has several valid spellings; of an opaque token all of it.
 *
 * @throws RevocadeError `ERR_INVALID_TOKEN` where a JWT has characters that belong to no base64
 */
export function hashOf(raw: RawToken): string {
  if (raw.claims === undefined) return hash('sha256', raw.token)
  const signingInput = raw.token.slice(0, raw.end)
  return hash('sha256', PLAIN_SIGNING_INPUT.test(signingInput) ? signingInput : canonical(signingInput))
}

const PLAIN_SIGNING_INPUT = /^[\w-]+\.[\w-]+$/

/**
 * The text without what lenient decoders skip: white space and padding. A token that was signed with those differs
 * in nothing else from one that was not.
 */
function canonical(text: string): string {
  const stripped = text
    .replace(/[\s=]+/g, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  if (/^[\w.-]*$/.test(stripped)) return stripped
  throw invalid('This JWT has characters that are not base64url in its header or payload: refuse it')
}

/**
 * A JWE is named by its header, initialization vector and ciphertext. The encrypted key and the tag follow from these
 * (for one key) and may have several spellings beyond base64, such as a shortened tag or leading zeros.
 */
function encrypted(segments: readonly string[]): RawToken {
  const [header = '', , iv = '', ciphertext = ''] = segments
  const bytes = (segment: string) => Buffer.from(segment, 'base64').toString('base64url')
  const token = `${canonical(header)}.${bytes(iv)}.${bytes(ciphertext)}`
  return { claims: undefined, token, end: token.length }
}

function jsonObject(segment: string): Claims | undefined {
  let text = Buffer.from(segment, 'base64').toString()
  // jose decodes with TextDecoder, which drops a byte order mark
  if (text.startsWith('\uFEFF')) text = text.slice(1)
  // most strings that are no JWT end here, without the cost of an exception
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(message: string): RevocadeError {
  return new RevocadeError('ERR_INVALID_TOKEN', message)
}
