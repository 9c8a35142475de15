import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Digester } from '../token/digester.js'
import { KIND } from '../token/encoding.js'
import { type Claims, TokenReader } from '../token/jwt.js'

/** Characters of the longest token whose claims are kept: longer ones are rare and take much memory. */
const MAX_LENGTH = 4096

/** Bytes that all claims take together, as {@link bytesOf} estimates: an ordinary token has 1 to 2 KB. */
const MAX_BYTES_KEPT = 1 << 23

/** A character of a string has at most 3 bytes in UTF-8. */
const MAX_BYTES = 3 * MAX_LENGTH

interface Entry {
  /** The other three words of the digest, because several digests may have one key. */
  readonly second: number | undefined
  readonly third: number | undefined
  readonly fourth: number | undefined
  readonly claims: Claims
}

/**
 * Decodes JWTs, and keeps the claims of the last ones: a client sends the same token with many requests, and
 * decoding it costs ten times as much as finding it here. Whether a token has expired or was revoked is not
 * kept.
 *
 * The cache holds claims, but no token. Its keys are digests of 128 bits (SipHash) with a random key of this
 * process, so nobody can make a token that is taken for another one. What it holds is bounded in bytes, too,
 * because anybody can send tokens.
 */
export class DecodedClaims {
  readonly #reader: TokenReader
  readonly #digester = new Digester(randomBytes(16), 1, MAX_BYTES)
  readonly #prefix = this.#digester.keep(KIND.hash, ['decoded claims'])
  readonly #entries: LRUCache<number, Entry>

  /**
   * @param maxBytes - the longest token that is decoded
   * @param capacity - how many tokens have their claims kept, at least 1
   */
  constructor(maxBytes: number, capacity: number) {
    this.#reader = new TokenReader(maxBytes)
    this.#entries = new LRUCache({
      max: capacity,
      maxSize: MAX_BYTES_KEPT,
      // A client may send what takes a hundred times as much as it is long.
      maxEntrySize: MAX_BYTES_KEPT >> 8,
      sizeCalculation: ({ claims }) => bytesOf(claims),
    })
  }

  /**
   * The claims of a JWT, not verified; undefined for a JWE and for an opaque token. The same object may be
   * returned again: it must not be changed, nor handed out.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN as {@link TokenReader.read}
   */
  read(token: string): Claims | undefined {
    // A lone surrogate has no digest.
    const isKept = token.length <= MAX_LENGTH && this.#digester.tryString(this.#prefix, 'token', token)
    if (!isKept) return this.#reader.read(token).claims
    const [first = 0, second, third, fourth] = this.#digester.words
    const found = this.#entries.get(first)
    if (found?.second === second && found?.third === third && found?.fourth === fourth) return found?.claims
    const { claims } = this.#reader.read(token)
    if (claims !== undefined) this.#entries.set(first, { second, third, fourth, claims })
    return claims
  }
}

/** About what a value of JSON takes in memory, at least 64 for an object or array, 32 for each member. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 24 + 2 * value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce((sum, [name, inner]) => sum + 32 + name.length + bytesOf(inner), 64)
}
