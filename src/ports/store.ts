import type { BucketSource } from './bucket-source.js'
import type { Committed, Mutation, Poll, Position, ScanChunk, ScanEnd, StoredRow } from './change-log.js'
import type { Digest } from './digest.js'
import type { Logger } from './logger.js'

/** What to list; all conditions must hold. */
export interface StoreQuery {
  /** Only changes after this sequence number. */
  readonly afterSeq: number
  readonly limit: number
  /** Only entries that expire after this, in NumericDate seconds. */
  readonly liveAfter?: number
  /** Only selectors, or only single tokens. */
  readonly kind?: 'token' | 'selector'
}

/** Facts for `stats()` and `doctor`. */
export interface StoreStats {
  readonly kind: string
  readonly id: string
  readonly seq: number
  readonly [detail: string]: string | number | boolean | null
}

/** What a store is told when it is opened. */
export interface StoreContext {
  readonly namespace: string
  /** The configured digest key, or undefined to use (or generate) the one kept in the store. */
  readonly secret: Uint8Array | undefined
  /** A store opens as the only owner, or not at all. */
  readonly exclusive: boolean
  /** How long past its expiry a row is kept, in seconds. */
  readonly purgeGraceSeconds: number
  /** How long past its expiry a revocation is honoured still, and so must not be narrowed, in seconds. Default 0. */
  readonly clockToleranceSeconds?: number | undefined
  /** Polls are to tell the versions of buckets: there is an L1. Default false. */
  readonly buckets?: boolean | undefined
  readonly clock: { now(): number }
  readonly logger: Logger
}

/** What an opened store says of itself. */
export interface StoreInfo {
  readonly id: string
  /** The 16-byte digest key. */
  readonly key: Uint8Array
}

/** A value now, or a promise of it: local stores answer at once. */
export type MaybePromise<T> = T | Promise<T>

/**
 * L2: the only authority. Changes are numbered without gaps in commit order. All methods but
 * {@link RevocationStore.isCurrent} may be asynchronous; those typed {@link MaybePromise} should answer
 * at once where they can. They fail with a `RevocadeError` (`ERR_STORE_*`, `ERR_NOT_DURABLE`, `ERR_CLOSED`).
 */
export interface RevocationStore {
  readonly kind: string
  /** Where this store keeps a snapshot of L0, if it has a place for it: a file path prefix. */
  readonly snapshotPath?: string
  /** Where the store can feed an L1. */
  readonly buckets?: BucketSource
  /** Opens, creates, migrates. Called once, before anything else. Where it rejects, it has released what it took: it is not closed. */
  open(context: StoreContext): Promise<StoreInfo>
  /** The newest committed row of a digest, tombstones and expired rows included. */
  get(digest: Digest): MaybePromise<StoredRow | undefined>
  /**
   * The changes after a position, oldest first, at most `limit`. `more`: there may be others already.
   *
   * `seen`: the newest position that the follower has heard of, by its own commits or an earlier poll's head; `after` where it is
   * left out. A history that does not contain it is another one: `diverged`.
   */
  poll(after: Position, limit: number, seen?: Position): MaybePromise<Poll>
  /**
   * True: nothing was committed, by anyone, since the last poll that answered with no more to come. Cheap and
   * synchronous; a store that has it answers {@link RevocationStore.poll} at once, too.
   */
  isCurrent?(): boolean
  /** All revocations that live past `liveAfter` (NumericDate seconds), from one snapshot, in no order. Off the event loop. */
  scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void>
  /** Writes, in order. Resolves once all of it is durable; rejects with `ERR_NOT_DURABLE` where it may not be. */
  write(mutations: readonly Mutation[]): Promise<Committed>
  /** Rows of this namespace in order of `seq`. */
  list(query: StoreQuery): MaybePromise<readonly StoredRow[]>
  stats(): StoreStats
  /** Waits for what is being written, then releases everything. Idempotent. */
  close(): Promise<void>
}
