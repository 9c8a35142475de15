import type { RedisStats } from './api.js'
import type { Digest } from './ports.js'

/** What L1 holds under a digest's long prefix. Times in NumericDate seconds. */
export interface PrefixEntry {
  readonly expiresAt: number
  /** Selectors with a cutoff: tokens issued up to then are revoked. */
  readonly issuedThrough?: number
}

/** One look at a bucket: what it held under a digest's prefix, and the version that it bore, from one command. */
export interface PrefixReply {
  readonly bucket: number
  /** The bucket is one of 2^bits. */
  readonly bits: number
  /** Null: it bore none. */
  readonly version: Uint8Array | null
  /** Null: nothing. */
  readonly entry: PrefixEntry | null
}

/**
 * L1: a cache of the store's buckets. It may be stale, emptied, cut off at any moment; so what it does not hold means nothing by
 * itself, but only with the proof that {@link PrefixCache.isCurrent} gives.
 */
export interface PrefixCache {
  /** Looks a digest up, within a deadline. Undefined, now or later: there is no answer, ask the store. Never rejects. */
  ask(digest: Digest): Promise<PrefixReply | undefined> | undefined
  /**
   * Whether the bucket, as that reply saw it, held every revocation that L0 has seen: then what was not in it is not revoked.
   * True only as long as nothing else has run since, so it is asked where the answer is used.
   */
  isCurrent(reply: PrefixReply): boolean
  /** The bucket did not: have it brought up to date, in the background. */
  heal(reply: PrefixReply): void
  /**
   * Writes the buckets of changes that this engine has just committed, up to number `seq`, and wakes the other engines. To be called
   * before the changes are noted. Resolves, within a deadline, whether all of it is in Redis; if not yet, it is queued. Never rejects.
   */
  publish(digests: readonly Digest[], seq: number): Promise<'written' | 'queued'>
  stats(): RedisStats
  /** Writes what is queued, for a moment, then releases everything. Idempotent. */
  close(): Promise<void>
}
