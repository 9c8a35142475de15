/**
 * The greatest number of leading digest bits that name a bucket. 2^bits buckets group the revocations, so
 * that a bucket is one range of the store's index, and one Redis hash in the prefix cache. The prefilter uses
 * bytes 8 to 15 of a digest only, so that its false positives spread evenly over the buckets.
 */
export const MAX_BUCKET_BITS = 20

/** A bucket with more rows than this makes the buckets split: a Redis hash then stays one small block. */
export const SPLIT_ABOVE_ROWS = 256

/** Rows of a bucket after a split, at least: the memory for its key is then a small share. */
export const SPLIT_TARGET_ROWS = 64

/** The most rows that one read of a bucket returns: it takes a few milliseconds. */
export const WHOLE_READ_MAX_ROWS = 2048

/** The bucket of a digest. */
export function bucketOf(digest: Int32Array, bits: number): number {
  const word = digest.at(0) ?? 0
  return (((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff)) >>> (24 - bits)
}

/** The bucket of a digest's 16 bytes. */
export function bucketOfBytes(bytes: Uint8Array, bits: number): number {
  return (((bytes.at(0) ?? 0) << 16) | ((bytes.at(1) ?? 0) << 8) | (bytes.at(2) ?? 0)) >>> (24 - bits)
}

/** The range of a bucket in the order of digest bytes: from the first (inclusive) to the last (exclusive). */
export function rangeOf(
  bucket: number,
  bits: number,
): { readonly from: Uint8Array; readonly to: Uint8Array } {
  return { from: leading(bucket, bits), to: bucket + 1 === 2 ** bits ? AFTER_ALL : leading(bucket + 1, bits) }
}

/** Longer than any digest, and so after all of them. */
const AFTER_ALL = new Uint8Array(17).fill(0xff)

function leading(bucket: number, bits: number): Uint8Array {
  const value = bucket * 2 ** (24 - bits)
  return Uint8Array.of(value >>> 16, (value >>> 8) & 0xff, value & 0xff)
}
