import { randomInt } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Claims, TokenReader } from '../token/jwt.js'
import { numericDate } from '../token/numeric-date.js'

/** Characters of the longest token whose claims are kept: longer ones are rare and take much memory. */
const MAX_LENGTH = 4096

/** Bytes that all claims take together, as {@link bytesOf} estimates: an ordinary token has 1 to 2 KB. */
const MAX_BYTES_KEPT = 1 << 23

/** A JWT in base64url, and its signing input. What follows has no dot, so it is not looked at any further. */
const PLAIN_JWT = /^([\w-]+\.[\w-]+)\.[\w\-~+/]*=*$/
/** What may follow the signing input, at `lastIndex`: the end of a `b64token` (RFC 6750) without a dot. */
const REST = /\.[\w\-~+/]*=*$/y

/** Characters at the end of a token, where its signature is, and as many within it, that make its key. */
const SAMPLED = 8

/** What is kept of a token. */
export interface DecodedJwt {
  /** The claims, not verified. The same object may be returned again: don't change it or hand it out. */
  readonly claims: Claims
  /** Its claim `exp`. */
  readonly expiry: number | undefined
}

interface Entry extends DecodedJwt {
  /** The header and the claims as they stand in the token. */
  readonly signingInput: string
}

/**
 * Decodes JWTs, and keeps the claims of the last ones: a client sends the same token with many requests, and
 * decoding it costs ten times as much as finding it here. Whether a token has expired or was revoked is not
 * kept.
 *
 * A token is found by some of its characters, and then its whole signing input is compared. Claims follow
 * from that alone, so the signature is not kept: nothing here can be used as a token. What is kept is
 * bounded in bytes, too, because anybody can send tokens.
 */
export class DecodedClaims {
  readonly #reader: TokenReader
  readonly #entries: LRUCache<number, Entry>
  /** Odd, and another one in each process, so that nobody can choose the keys of tokens. */
  readonly #factor = randomInt(1 << 30) * 2 + 1

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
      sizeCalculation: ({ claims, signingInput }) => bytesOf(claims) + bytesOf(signingInput),
    })
  }

  /**
   * Finds a JWT that was read before.
   *
   * @param text - ends with the token
   * @param start - where the token begins
   * @returns undefined for any other text; a token that is found is a `b64token`
   */
  find(text: string, start: number): DecodedJwt | undefined {
    const entry = this.#entries.get(this.#keyOf(text, start))
    if (entry === undefined) return undefined
    const end = start + entry.signingInput.length
    // V8 compares whole strings as memory, and takes ten times as long for `startsWith`.
    if (text.slice(start, end) !== entry.signingInput) return undefined
    REST.lastIndex = end
    return REST.test(text) ? entry : undefined
  }

  /**
   * Reads a token.
   *
   * @returns undefined for a JWE and for an opaque token
   * @throws {RevocadeError} ERR_INVALID_TOKEN as {@link TokenReader.read} and {@link numericDate}
   */
  read(token: string): DecodedJwt | undefined {
    const found = this.find(token, 0)
    if (found !== undefined) return found
    const { claims } = this.#reader.read(token)
    if (claims === undefined) return undefined
    const expiry = numericDate(claims, 'exp')
    const [, signingInput] = (token.length > MAX_LENGTH ? null : PLAIN_JWT.exec(token)) ?? []
    if (signingInput === undefined) return { claims, expiry }
    // A copy, because a part of a string would keep the whole token in memory.
    const entry = { claims, expiry, signingInput: Buffer.from(signingInput).toString('latin1') }
    this.#entries.set(this.#keyOf(token, 0), entry)
    return entry
  }

  /** Tokens with equal keys take each other's place. */
  #keyOf(text: string, start: number): number {
    const factor = this.#factor
    const { length } = text
    const apart = Math.trunc((length - start) / (SAMPLED + 1))
    let key = length - start
    for (let i = 1; i <= SAMPLED; i++) {
      key = Math.imul(key + text.charCodeAt(length - i), factor)
      key = Math.imul(key + text.charCodeAt(start + i * apart), factor)
    }
    return key
  }
}

/** About what a value of JSON takes in memory, at least 64 for an object or array, 32 for each member. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 24 + 2 * value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce((sum, [name, inner]) => sum + 32 + name.length + bytesOf(inner), 64)
}
