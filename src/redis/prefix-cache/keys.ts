import { createHash } from 'node:crypto'
import type { Digest } from '../../ports/index.js'

/** The value of a field. Times in NumericDate seconds, at most 2^32 − 1 (the year 2106). */
export interface BucketField {
  readonly expiresAt: number
  /** Selectors with a cutoff: tokens issued up to then are revoked. */
  readonly issuedThrough?: number
}

const MAX_SECONDS = 0xffff_ffff

/**
 * The names of keys. Each key has its own hash tag, so that a cluster spreads the buckets and keeps each in
 * one slot.
 */
export class Keys {
  /** The channel of the engines on one store and namespace. */
  readonly channel: string
  readonly #prefix: string
  readonly #scope: string

  /**
   * The store's id and the namespace are in all names: what another store has written proves nothing about
   * this one.
   */
  constructor(prefix: string, storeId: string, namespace: string) {
    this.#prefix = prefix
    this.#scope = createHash('sha256')
      .update(JSON.stringify([storeId, namespace]))
      .digest('base64url')
      .slice(0, 12)
    this.channel = `${prefix}:{${this.#scope}}`
  }

  /** The key of one of 2^bits buckets. */
  bucket(bucket: number, bits: number): string {
    return `${this.#prefix}:{${this.#scope}:${bits}:${bucket.toString(36)}}`
  }
}

/**
 * The field of a digest in its bucket: bytes 2 to 7, which neither the prefilter nor (up to 65,536 buckets)
 * the bucket's number uses.
 */
export function fieldOf(digest: Digest): Buffer {
  // A Buffer: of any other bytes ioredis sends the numbers as text, which would be another field.
  return Buffer.from(digest.buffer, digest.byteOffset + 2, 6)
}

/** Like {@link fieldOf}, for a digest that a store returns as bytes. */
export function fieldOfBytes(digest: Uint8Array): Buffer {
  return Buffer.from(digest.buffer, digest.byteOffset + 2, 6)
}

/** Four bytes of expiry; for a selector with a cutoff four more. */
export function encodeField({ expiresAt, issuedThrough }: BucketField): Buffer {
  const bytes = Buffer.alloc(issuedThrough === undefined ? 4 : 8)
  bytes.writeUInt32BE(Math.min(expiresAt, MAX_SECONDS), 0)
  if (issuedThrough !== undefined) bytes.writeUInt32BE(Math.min(Math.max(issuedThrough, 0), MAX_SECONDS), 4)
  return bytes
}

/** The reverse of {@link encodeField}; undefined for other bytes. */
export function decodeField(bytes: Uint8Array): BucketField | undefined {
  if (bytes.length !== 4 && bytes.length !== 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const unlimited = (seconds: number): number => (seconds === MAX_SECONDS ? Infinity : seconds)
  const expiresAt = unlimited(view.getUint32(0))
  return bytes.length === 4 ? { expiresAt } : { expiresAt, issuedThrough: unlimited(view.getUint32(4)) }
}
