import crypto from 'node:crypto'

const { hash } = crypto

/** Bytes of a block of SHA-256. */
const BLOCK = 64
const HASH = 32
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c
/** Bytes of the longest message. */
const LONGEST = 128

/**
 * HMAC-SHA-256 (RFC 2104). Node.js makes an object with native memory for each message, and the garbage
 * collector pays for it. Two hashes over memory that is used again take half the time for short messages.
 */
export class HmacSha256 {
  /** The key's inner pad, then the message. */
  readonly #inner = Buffer.alloc(BLOCK + LONGEST, INNER_PAD)
  /** The key's outer pad, then the hash of the above. */
  readonly #outer = Buffer.alloc(BLOCK + HASH, OUTER_PAD)

  /** @param key - at most 64 bytes */
  constructor(key: Uint8Array) {
    this.key(key)
  }

  /** Takes another key of at most 64 bytes. */
  key(key: Uint8Array): this {
    if (key.length > BLOCK) throw new RangeError(`the key has ${key.length} bytes, more than ${BLOCK}`)
    for (let i = 0; i < BLOCK; i++) {
      const byte = key[i] ?? 0
      this.#inner[i] = byte ^ INNER_PAD
      this.#outer[i] = byte ^ OUTER_PAD
    }
    return this
  }

  /** @param parts - of the message: at most 128 bytes */
  digest(...parts: readonly Uint8Array[]): Buffer {
    let end = BLOCK
    for (const part of parts) {
      this.#inner.set(part, end)
      end += part.length
    }
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'hex'), BLOCK, 'hex')
    return sha256(this.#outer)
  }
}

/** By way of a string: memory of its own for each hash costs more than all else, mostly when it is freed. */
export const sha256 = (bytes: Uint8Array): Buffer => Buffer.from(hash('sha256', bytes, 'hex'), 'hex')
