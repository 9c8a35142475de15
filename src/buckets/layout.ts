/**
 * Revocations are grouped into 2^bits buckets by the leading bits of their digests, so that a bucket is one range of the
 * store's index. L1 keeps a bucket in one Redis hash. L0 uses bytes 8 to 15 of a digest only, so what L1 sees is independent.
 */
export const MAX_BUCKET_BITS = 20

/** Rows of a bucket past which the buckets are divided, and what a part has then at least: a hash stays one small block, and its key costs little. */
export const SPLIT_ABOVE_ROWS = 256

export const SPLIT_TARGET_ROWS = 64

/** Rows of a bucket that are read whole: a few milliseconds' worth. */
export const WHOLE_READ_MAX_ROWS = 2048

/** The bucket of a digest. */
export function bucketOf(digest: Int32Array, bits: number): number {
  const word = digest[0]
  return (((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff)) >>> (24 - bits)
}

/** The same of its 16 bytes. */
export function bucketOfBytes(bytes: Uint8Array, bits: number): number {
  return ((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]) >>> (24 - bits)
}

/** The digests of a bucket, in the order of their bytes: from the first (inclusive) to the last (exclusive). */
export function rangeOf(
  bucket: number,
  bits: number,
): { readonly from: Uint8Array; readonly to: Uint8Array } {
  return { from: leading(bucket, bits), to: bucket + 1 === 2 ** bits ? AFTER_ALL : leading(bucket + 1, bits) }
}

/** Longer than any digest: after all of them. */
const AFTER_ALL = new Uint8Array(17).fill(0xff)

function leading(bucket: number, bits: number): Uint8Array {
  const value = bucket * 2 ** (24 - bits)
  return Uint8Array.of(value >>> 16, (value >>> 8) & 0xff, value & 0xff)
}
