import type { Digest } from './digest.js'
import type { NotifierStats } from './notifier.js'

/** When the prefix cache is asked: before the store, or only when the store can't be asked. */
export type PrefixCacheReads = 'before-store' | 'when-store-fails'

/** An entry of the prefix cache. Its key is the long prefix of a digest. Times in NumericDate seconds. */
export interface PrefixEntry {
  readonly expiresAt: number
  /** Selectors with a cutoff only: tokens issued up to this time are revoked. */
  readonly issuedThrough?: number
}

/** What one command read from a bucket: the entry under a digest's prefix, and the bucket's version. */
export interface PrefixReply {
  readonly bucket: number
  /** The bucket is one of 2^bits. */
  readonly bits: number
  /** Null when the bucket had no version. */
  readonly version: Buffer | null
  /** Null when there is no entry under the prefix. */
  readonly entry: PrefixEntry | null
}

/**
 * A cache of the store's buckets. It may be stale, empty or unreachable at any time. A missing entry
 * therefore proves nothing, unless {@link PrefixCache.isCurrent} confirms that the bucket is up to date.
 */
export interface PrefixCache {
  /**
   * Looks a digest up, within a deadline. Never rejects.
   *
   * @returns undefined, or a promise of it, when there is no answer: ask the store
   */
  lookup(digest: Digest): Promise<PrefixReply | undefined> | undefined
  /**
   * Whether the bucket of a reply held every revocation that the prefilter has seen: then a digest that is
   * missing there is not revoked. Use the answer in the same turn of the event loop: a later commit
   * invalidates it.
   */
  isCurrent(reply: PrefixReply): boolean
  /** Brings the bucket of a reply up to date, in the background. */
  repair(reply: PrefixReply): void
  /**
   * Writes the buckets of changes that this engine has just committed. Never rejects. Call it before the
   * version table notes the changes: until then, the table has the versions that the buckets in the cache
   * should have.
   *
   * @returns 'written' when all buckets are in the cache within a deadline, otherwise 'queued'
   */
  write(digests: readonly Digest[]): Promise<'written' | 'queued'>
  stats(): PrefixCacheStats
  /** Writes the queued buckets, within a short deadline, then releases everything. Idempotent. */
  close(): Promise<void>
}

/** A finding about the Redis server. Answers are right regardless of it. */
export interface RedisWarning {
  /** Stable; docs/redis.md lists the codes. */
  readonly code: string
  /** `info` when nothing is wrong. */
  readonly level: 'warn' | 'info'
  readonly message: string
  /** What to do about it. */
  readonly advice: string
}

/** Statistics of the Redis layer: prefix cache and wake-ups. Counts are since the start of the engine. */
export interface RedisStats extends PrefixCacheStats {
  readonly wakeUps: NotifierStats
}

/** Statistics of the prefix cache, as this engine sees it. Counts are since the start of the engine. */
export interface PrefixCacheStats {
  /**
   * `connecting`: no reply yet. `unavailable`: the engine does not ask it at present; `why` tells the reason.
   */
  readonly state: 'connecting' | 'ready' | 'unavailable'
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** Why it is unavailable or refuses writes; null when it works. */
  readonly why: string | null
  /** Address of the server, without user and password. */
  readonly server: string
  /** Number of buckets that wait to be written. */
  readonly queued: number
  /** Whether every bucket was compared with the store or written, and none waits to be written. */
  readonly complete: boolean
  readonly buckets: number
  /** Number of buckets that the last pass of anti-entropy has compared with the store. */
  readonly verified: number
  /** `lookups` were sent. Their replies were `hits` (an entry), `proven` or `unproven` absences. */
  readonly lookups: number
  readonly hits: number
  readonly proven: number
  readonly unproven: number
  readonly timeouts: number
  readonly failures: number
  /** Round trip of the last reply, in milliseconds. */
  readonly roundTripMs: number | null
  /** `written` counts buckets, `conflicts` the attempts that met another version than they expected. */
  readonly written: number
  readonly conflicts: number
  /** What the server reported at the last health check; null before it. */
  readonly health: Readonly<Record<string, string | number | boolean | null>> | null
  readonly warnings: readonly RedisWarning[]
}
