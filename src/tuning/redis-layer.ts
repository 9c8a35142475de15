import { MAX_BUCKET_BITS, SPLIT_ABOVE_ROWS, SPLIT_TARGET_ROWS } from '../buckets/layout.js'
import type { Population } from './traffic.js'

/** The prefix cache for some traffic. It has no options: the field is fixed, and the store splits its buckets by itself. */
export interface RedisLayer {
  /** The field of a digest in its bucket. */
  readonly fieldBits: number
  /** The store has 2^bits buckets. */
  readonly bucketBits: number
  /** Revocations in a bucket, at the mean. */
  readonly rowsPerBucket: number
  /** Of its data structures in Redis. */
  readonly bytes: number
  /** The chance that a digest that is not in a bucket meets one of its fields. */
  readonly falsePositiveRate: number
  /** The share of lookups whose bucket has a version that proves nothing just then: it was changed a moment ago. */
  readonly unprovenShare: number
}

/** As src/redis/keys.ts has it; a test holds them equal. */
export const FIELD_BITS = 48

/** A change is written to Redis, told to the others, and polled by them: a round trip each. */
const ROUND_TRIPS_UNTIL_KNOWN = 3

/**
 * A bucket in Redis 7 (listpack.c, sds.h, dict.c): six bytes of field and four of value, each with a byte before and a byte after it; `#`,
 * 14 bytes of version, a head of seven.
 */
const ENTRY_BYTES = 14
const LISTPACK_BYTES = 26
/** Beside it: the key of 28 to 34 characters, its object, an entry in each of the dictionaries of keys and expiries, and their slots. */
const KEY_BYTES = 150

/**
 * Buckets divide when one has more than {@link SPLIT_ABOVE_ROWS}, into parts of {@link SPLIT_TARGET_ROWS} or more. What is filled at once ends with the
 * most parts; what grew little by little has up to four times as many rows in a bucket, and a sixth less memory a row.
 */
export function redisLayer({ kept, perSecond }: Population, rttUs: number): RedisLayer {
  const bucketBits =
    kept <= SPLIT_ABOVE_ROWS ? 0 : Math.min(MAX_BUCKET_BITS, Math.floor(Math.log2(kept / SPLIT_TARGET_ROWS)))
  const buckets = 2 ** bucketBits
  const rowsPerBucket = kept / buckets
  const window = (ROUND_TRIPS_UNTIL_KNOWN * rttUs) / 1e6
  return {
    fieldBits: FIELD_BITS,
    bucketBits,
    rowsPerBucket,
    bytes: Math.round(buckets * (allocated(LISTPACK_BYTES + ENTRY_BYTES * rowsPerBucket) + KEY_BYTES)),
    falsePositiveRate: rowsPerBucket / 2 ** FIELD_BITS,
    unprovenShare: -Math.expm1((-perSecond / buckets) * window),
  }
}

/** What jemalloc gives: classes of a quarter between powers of two, so an eighth at most is lost at the mean, half of that here. */
function allocated(bytes: number): number {
  return bytes * (1 + 1 / 16)
}

/** Prefix bits (bucket and field) that keep false store reads a day within a budget B: b ≥ log2(λ·ε0·N / B). */
export function prefixBitsNeeded(lookupsPerDay: number, kept: number, readsPerDay: number): number {
  return Math.max(0, Math.log2((lookupsPerDay * kept) / readsPerDay))
}
