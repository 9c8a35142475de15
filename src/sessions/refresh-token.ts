import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { REFRESH_TOKEN_FORM } from '../token/refresh-token-form.js'
import { HmacSha256, sha256 } from './hmac.js'

const VERSION = 1
const PREFIX = 'rt_'
/** Version, family, generation. */
const HEAD_BYTES = 1 + 16 + 4
const SECRET_BYTES = 32
const TAG_BYTES = 16
const BYTES = HEAD_BYTES + SECRET_BYTES + TAG_BYTES

const TAG_LABEL = 'revocade refresh token tag 1\0'
const SUCCESSOR_LABEL = Buffer.from('revocade refresh token successor 1\0')

/** The greatest generation that a token can carry. */
export const LAST_GENERATION = 0xffffffff

/** What a refresh token says, after its tag was checked. */
export interface RefreshToken {
  /** 16 bytes. */
  readonly family: Uint8Array
  /** How many tokens of the family came before it. */
  readonly generation: number
  /** 32 bytes. Nothing but the token itself holds them. */
  readonly secret: Uint8Array
  /** SHA-256 of the secret: what a store keeps of the present token. */
  readonly hash: Uint8Array
}

/**
 * Makes and reads refresh tokens: `rt_`, then in base64url a version, the family, the generation, a secret,
 * and a tag that shows that the token was issued here. A token that somebody made up is refused by its tag,
 * without a look at the store.
 */
export class RefreshTokens {
  readonly #tagging: HmacSha256
  /** Takes the secret of each token as its key. */
  readonly #succession = new HmacSha256(new Uint8Array(0))

  /** @param key - the digest key of the store */
  constructor(key: Uint8Array, namespace: string) {
    this.#tagging = new HmacSha256(
      createHmac('sha256', key)
        .update(TAG_LABEL + namespace)
        .digest(),
    )
  }

  /** The first token of a new family. */
  first(): RefreshToken {
    return tokenOf(randomBytes(16), 0, randomBytes(SECRET_BYTES))
  }

  /**
   * The token that comes after another. With the same salt it is the same one each time, and only who has the
   * token can tell.
   *
   * @param salt - undefined: a random token, which nobody can make again
   */
  successor({ family, generation, secret }: RefreshToken, salt: Uint8Array | undefined): RefreshToken {
    const next = generation + 1
    return tokenOf(
      family,
      next,
      salt === undefined
        ? randomBytes(SECRET_BYTES)
        : this.#succession.key(secret).digest(SUCCESSOR_LABEL, family, uint32(next), salt),
    )
  }

  write({ family, generation, secret, hash }: RefreshToken): string {
    const bytes = Buffer.allocUnsafe(BYTES)
    bytes[0] = VERSION
    bytes.set(family, 1)
    bytes.writeUInt32BE(generation, HEAD_BYTES - 4)
    bytes.set(secret, HEAD_BYTES)
    bytes.set(this.#tag(bytes.subarray(0, HEAD_BYTES), hash), HEAD_BYTES + SECRET_BYTES)
    return PREFIX + bytes.toString('base64url')
  }

  /** @returns undefined when it is no token that was issued here */
  read(text: unknown): RefreshToken | undefined {
    if (typeof text !== 'string' || !REFRESH_TOKEN_FORM.test(text)) return undefined
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url')
    if (bytes.length !== BYTES || bytes[0] !== VERSION) return undefined
    const token = tokenOf(
      bytes.subarray(1, 17),
      bytes.readUInt32BE(17),
      bytes.subarray(HEAD_BYTES, HEAD_BYTES + SECRET_BYTES),
    )
    const tag = this.#tag(bytes.subarray(0, HEAD_BYTES), token.hash)
    return timingSafeEqual(tag, bytes.subarray(HEAD_BYTES + SECRET_BYTES)) ? token : undefined
  }

  #tag(head: Uint8Array, hash: Uint8Array): Uint8Array {
    return this.#tagging.digest(head, hash).subarray(0, TAG_BYTES)
  }
}

/** Whether two hashes are the same, in a time that does not say where they differ. */
export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function tokenOf(family: Uint8Array, generation: number, secret: Uint8Array): RefreshToken {
  return { family, generation, secret, hash: sha256(secret) }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}
