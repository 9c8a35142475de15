import { MAX_BUCKET_BITS, SPLIT_ABOVE_ROWS, SPLIT_TARGET_ROWS } from '../buckets/layout.js'
import type { Population } from './traffic.js'

/** The prefix cache for some traffic. */
export type RedisLayer = Readonly<ReturnType<typeof redisLayer>>

/** Bits of a field in src/redis/prefix-cache/keys.ts; a test compares the two. */
export const FIELD_BITS = 48

/** A change is written to Redis, announced, and polled by the other engines: a round trip each. */
const ROUND_TRIPS_UNTIL_KNOWN = 3

/**
 * Bytes of an entry in the listpack of a bucket, by Redis 7's listpack.c: six of field and four of value,
 * each with a byte before and one after. The bytes besides the entries are the name `#`, 14 of version, and
 * a head of seven.
 */
const ENTRY_BYTES = 14
const LISTPACK_BYTES = 26
/**
 * Bytes of a key besides its listpack (sds.h, dict.c): 28 to 34 characters, its object, an entry and a slot
 * in each of the dictionaries of keys and of expiries.
 */
const KEY_BYTES = 150
/** jemalloc's size classes are a quarter of a power of two apart: a sixteenth is lost on average. */
const ALLOCATED = 1 + 1 / 16

/**
 * The prefix cache of a store that was filled at once. It has no options: the field is fixed, and the store
 * splits its buckets by itself. A store splits its buckets when one has more than
 * {@link SPLIT_ABOVE_ROWS}, into parts of at least {@link SPLIT_TARGET_ROWS}. A store that grew slowly has
 * up to four times as many rows in a bucket, and takes a sixth less memory a row.
 */
export function redisLayer({ kept, perSecond }: Population, rttUs: number) {
  const bucketBits =
    kept <= SPLIT_ABOVE_ROWS ? 0 : Math.min(MAX_BUCKET_BITS, Math.floor(Math.log2(kept / SPLIT_TARGET_ROWS)))
  const buckets = 2 ** bucketBits
  const rowsPerBucket = kept / buckets
  const window = (ROUND_TRIPS_UNTIL_KNOWN * rttUs) / 1e6
  return {
    /** Bits of a digest that identify it within its bucket. */
    fieldBits: FIELD_BITS,
    /** The store has 2^bits buckets. */
    bucketBits,
    /** Mean number of revocations in a bucket. */
    rowsPerBucket,
    /** Bytes of its data structures in Redis. */
    bytes: Math.round(buckets * ((LISTPACK_BYTES + ENTRY_BYTES * rowsPerBucket) * ALLOCATED + KEY_BYTES)),
    /** Probability that a digest that is not in a bucket equals one of its fields. */
    falsePositiveRate: rowsPerBucket / 2 ** FIELD_BITS,
    /** Share of lookups that prove nothing, because their bucket changed a moment ago. */
    unprovenShare: -Math.expm1((-perSecond / buckets) * window),
  }
}

/**
 * Prefix bits (bucket and field) that keep false store reads a day within a budget B: b ≥ log2(λ·ε0·N / B).
 */
export function prefixBitsNeeded(lookupsPerDay: number, kept: number, readsPerDay: number): number {
  return Math.max(0, Math.log2((lookupsPerDay * kept) / readsPerDay))
}
