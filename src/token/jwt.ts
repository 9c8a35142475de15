/// <reference lib="es2024.string" />
import crypto from 'node:crypto'
import { RevocadeError } from '../errors.js'
import { canonicalPaseto, isPaseto } from './paseto.js'

// Not imported by name: an older Node.js has no `hash`, and must get as far as require-node.ts.
const { hash } = crypto

/** The decoded claims of a token, not verified. */
export type Claims = Readonly<Record<string, unknown>>

/** A token string after it was read. */
export interface RawToken {
  /** The claims of a JWT that anyone can decode; undefined for a JWE and for an opaque token. */
  readonly claims: Claims | undefined
  /** Names the token when no id claim does; hash it with {@link hashOf}. */
  readonly token: string
  /** The end of the signing input of a JWT. Otherwise the end of `token`, which is canonical already. */
  readonly end: number
  /** True for a JWE or PASETO: whoever opens it has claims, which are another name of the same token. */
  readonly sealed: boolean
}

/**
 * Reads token strings. A string is
 *
 * - a JWT, when it has three segments and the first is a JSON object; the second must be one too. Of an
 *   SD-JWT, which goes on with `~` and what its holder discloses, it is the part before;
 * - a JWE (an encrypted JWT), when it has five segments and the first is a JSON object with `enc`;
 * - a PASETO, when it starts like one of version 1 to 4: `v4.public.…`;
 * - opaque otherwise.
 *
 * Segments are decoded as leniently as by `Buffer`, because some libraries do so too: every spelling that a
 * library accepts as this token must be the same token here.
 */
export class TokenReader {
  readonly #maxBytes: number
  // Headers repeat (one algorithm, one key), so the last one is kept.
  #lastHeader = ''
  #lastHeaderObject: Claims | undefined
  /** The last JWT. The same one is often read again: by two methods, or once the lease was renewed. */
  #lastJwt: RawToken | undefined

  /** @param maxBytes the longest token, in bytes */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * Reads one token string.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN when the string is empty, too long, a JWT with a broken
   *   payload, or can't be a token
   */
  read(token: string): RawToken {
    if (this.#lastJwt?.token === token) return this.#lastJwt
    const raw = this.#decode(token)
    if (raw.claims !== undefined) this.#lastJwt = raw
    return raw
  }

  #decode(token: string): RawToken {
    if (token.length > this.#maxBytes) throw this.#tooLong()
    const first = token.indexOf('.')
    if (first <= 0) return this.#opaque(token)
    const header = this.#header(token.slice(0, first))
    if (header === undefined) return this.#opaque(token)
    const second = token.indexOf('.', first + 1)
    const third = second < 0 ? -1 : token.indexOf('.', second + 1)
    if (second > 0 && (third < 0 || isDisclosed(token, second, third))) {
      const claims = jsonObject(token.slice(first + 1, second))
      if (claims !== undefined) return { claims, token, end: second, sealed: false }
      throw invalid('the payload of this JWT is not a JSON object: it is damaged or not a JWT, so refuse it')
    }
    const segments = token.split('.')
    if (segments.length === 5 && header.enc !== undefined) return encrypted(segments)
    // An opaque token may have dots and even JSON in it, but only a JWT has a JOSE header (RFC 7515, section
    // 4.1.1).
    if (header.alg === undefined) return this.#opaque(token)
    throw invalid(
      `this token starts like a JWT but has ${segments.length} segments instead of three: refuse it`,
    )
  }

  #header(segment: string): Claims | undefined {
    if (segment !== this.#lastHeader) {
      this.#lastHeaderObject = jsonObject(segment)
      // A copy, because a slice would keep the whole token in memory.
      this.#lastHeader = Buffer.from(segment).toString()
    }
    return this.#lastHeaderObject
  }

  #opaque(token: string): RawToken {
    const trimmed = token.trim()
    if (trimmed === '') throw invalid('the token is empty: make sure that the request has one')
    if (/^bearer(?:\s|$)/i.test(trimmed)) {
      throw invalid('the token starts with "Bearer": pass the token itself, without the Bearer prefix')
    }
    if (/[\s\p{Cc}]/u.test(trimmed)) {
      throw invalid(
        'the token has white space or control characters inside: pass the token itself, not a whole header',
      )
    }
    if (!trimmed.isWellFormed()) {
      throw invalid(
        'the token has lone surrogates (half of a UTF-16 pair), so it has no UTF-8 form: refuse it',
      )
    }
    if (Buffer.byteLength(trimmed) > this.#maxBytes) throw this.#tooLong()
    const known = isPaseto(trimmed) ? canonicalPaseto(trimmed) : trimmed
    if (known === undefined) throw invalid('this PASETO can not be decoded: it is damaged, so refuse it')
    return { claims: undefined, token: known, end: known.length, sealed: isPaseto(known) }
  }

  #tooLong(): RevocadeError {
    return invalid(`the token is longer than ${this.#maxBytes} bytes (option 'maxTokenBytes'): refuse it`)
  }
}

/**
 * SHA-256 of the part of a token that its holder can't change. Of a JWT this is the signing input
 * `header.payload`; the signature is left out because it has several valid spellings. Of an opaque token it
 * is the whole token.
 *
 * @returns lower-case hexadecimal
 * @throws {RevocadeError} ERR_INVALID_TOKEN when a JWT has characters that are not base64url
 */
export function hashOf(raw: RawToken): string {
  if (raw.claims === undefined) return hash('sha256', raw.token)
  const signingInput = raw.token.slice(0, raw.end)
  return hash('sha256', PLAIN_SIGNING_INPUT.test(signingInput) ? signingInput : canonical(signingInput))
}

const PLAIN_SIGNING_INPUT = /^[\w-]+\.[\w-]+$/

/** Segments in base64url, without the white space and the padding that lenient decoders skip. */
function canonical(segments: string): string {
  const stripped = segments
    .replace(/[\s=]+/g, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  if (/^[\w.-]*$/.test(stripped)) return stripped
  throw invalid('this JWT has characters that are not base64url in its header or payload: refuse it')
}

/** Whether a third dot is in the key binding JWT of an SD-JWT+KB: `header.payload.signature~…~kb.…`. */
function isDisclosed(token: string, second: number, third: number): boolean {
  const tilde = token.indexOf('~', second)
  return tilde > 0 && tilde < third
}

/**
 * A JWE is named by its header, initialization vector and ciphertext. For one key, the encrypted key and the
 * tag follow from these. They are left out because they have several spellings, such as a shortened tag or
 * leading zeros.
 */
function encrypted(segments: readonly string[]): RawToken {
  const [header = '', , iv = '', ciphertext = ''] = segments
  const bytes = (segment: string) => Buffer.from(segment, 'base64').toString('base64url')
  const token = `${canonical(header)}.${bytes(iv)}.${bytes(ciphertext)}`
  return { claims: undefined, token, end: token.length, sealed: true }
}

function jsonObject(segment: string): Claims | undefined {
  let json = Buffer.from(segment, 'base64').toString()
  // jose decodes with TextDecoder, which drops a byte order mark.
  if (json.startsWith('\uFEFF')) json = json.slice(1)
  // Most strings that are not a JWT end here, without the cost of an exception.
  if (!/^\s*\{/.test(json)) return undefined
  try {
    const value: unknown = JSON.parse(json)
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
