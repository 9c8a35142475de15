import type { Digest } from './digest.js'
import type { NotifierStats } from './notifier.js'

/** When the prefix cache is asked: before the store, or only when the store can't be asked. */
export type PrefixCacheReads = 'before-store' | 'when-store-fails'

/** An entry of the cache, found by the long prefix of a digest. Times in NumericDate seconds. */
export interface PrefixEntry {
  readonly expiresAt: number
  /** Selectors with a cutoff: tokens issued up to then are revoked. */
  readonly issuedThrough?: number
}

/**
 * One look at a bucket: what it held under a digest's prefix, and the version that it bore, from one command.
 */
export interface PrefixReply {
  readonly bucket: number
  /** The bucket is one of 2^bits. */
  readonly bits: number
  /** Null: it bore none. */
  readonly version: Buffer | null
  /** Null: nothing. */
  readonly entry: PrefixEntry | null
}

/**
 * L1: a cache of the store's buckets. It may be stale, emptied, cut off at any moment; so what it does not
 * hold means nothing by itself, but only with the proof that {@link PrefixCache.isCurrent} gives.
 */
export interface PrefixCache {
  /**
   * Looks a digest up, within a deadline. Undefined, now or later: there is no answer, ask the store. Never
   * rejects.
   */
  lookup(digest: Digest): Promise<PrefixReply | undefined> | undefined
  /**
   * Whether the bucket, as that reply saw it, held every revocation that L0 has seen: then what was not in it
   * is not revoked. True only as long as nothing else has run since, so it is asked where the answer is used.
   */
  isCurrent(reply: PrefixReply): boolean
  /** The bucket did not: have it brought up to date, in the background. */
  repair(reply: PrefixReply): void
  /**
   * Writes the buckets of changes that this engine has just committed. Call it before the version table notes
   * them: the versions in the table are those that the buckets in the cache should have.
   *
   * @returns 'written' if all of them are in the cache within a deadline, otherwise 'queued'. Never rejects
   */
  write(digests: readonly Digest[]): Promise<'written' | 'queued'>
  stats(): PrefixCacheStats
  /** Writes what is queued, for a moment, then releases everything. Idempotent. */
  close(): Promise<void>
}

/** Something about the Redis server that should be looked at. Answers are right all the same. */
export interface RedisWarning {
  /** Stable; docs/redis.md lists them. */
  readonly code: string
  /** `info`: nothing is wrong, it is only good to know. */
  readonly level: 'warn' | 'info'
  readonly message: string
  /** What to do about it. */
  readonly advice: string
}

/** The Redis layer as this engine sees it: prefix cache and wake-ups. Counts are since start. */
export interface RedisStats extends PrefixCacheStats {
  readonly wakeUps: NotifierStats
}

/** The prefix cache as this engine sees it. Counts are since start. */
export interface PrefixCacheStats {
  /** `connecting`: it has not answered yet. `unavailable`: nothing is asked of it now; see `why`. */
  readonly state: 'connecting' | 'ready' | 'unavailable'
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** Why it is unavailable, or refuses writes; null where all is well. */
  readonly why: string | null
  /** The server, without user and password. */
  readonly server: string
  /** Buckets that wait to be written. */
  readonly queued: number
  /** Every bucket was found, or made, as the store has it, and none is waiting. */
  readonly complete: boolean
  readonly buckets: number
  /** How far the last look through all buckets has come. */
  readonly verified: number
  /** Lookups sent; and of their replies: an entry, a proven absence, an absence without proof. */
  readonly lookups: number
  readonly hits: number
  readonly proven: number
  readonly unproven: number
  readonly timeouts: number
  readonly failures: number
  /** Of the last reply, in milliseconds. */
  readonly roundTripMs: number | null
  /** Buckets written, and attempts that met another version than they expected. */
  readonly written: number
  readonly conflicts: number
  /** What the server said of itself at the last look. */
  readonly health: Readonly<Record<string, string | number | boolean | null>> | null
  readonly warnings: readonly RedisWarning[]
}
