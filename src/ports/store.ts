import type { BucketSource } from './bucket-source.js'
import type {
  Committed,
  DecidingRow,
  Mutation,
  Poll,
  Position,
  ScanChunk,
  ScanEnd,
  StoredRow,
} from './change-log.js'
import type { Digest } from './digest.js'
import type { Logger } from './logger.js'
import type { MaybePromise } from './maybe-promise.js'
import type { Collected, CollectorModule } from './scan-collector.js'
import type { SessionStore } from './session-store.js'

/** Conditions of a listing; a row must meet all of them. */
export interface StoreQuery {
  /** Only changes after this sequence number. */
  readonly afterSeq: number
  /** The greatest number of rows to return. */
  readonly limit: number
  /** Only rows that expire after this, in NumericDate seconds. */
  readonly liveAfter?: number
  /** Only single tokens, or only selectors. */
  readonly kind?: 'token' | 'selector'
}

/** Facts about a store for `stats()` and `doctor`. A store may add its own. */
export interface StoreStats {
  readonly kind: string
  readonly id: string
  /** Sequence number of the newest change. */
  readonly seq: number
  readonly [detail: string]: string | number | boolean | null
}

/** What the engine tells a store when it opens it. */
export interface StoreContext {
  readonly namespace: string
  /** The configured digest key; undefined to use, or generate, the key kept in the store. */
  readonly secret: Uint8Array | undefined
  /** True: the store must refuse to open unless it is the only owner. */
  readonly exclusive: boolean
  /**
   * Seconds that a row must be kept past its expiry; longer, where {@link
   * RevocationStore.clockToleranceSeconds} is larger than the engine's: by the difference.
   */
  readonly purgeGraceSeconds: number
  /**
   * Seconds that the engine honours a revocation past its expiry. The store keeps the largest that it was
   * ever opened with, of all namespaces: no write may narrow or replace a row until its expiry and that much
   * more. Default 0.
   */
  readonly clockToleranceSeconds?: number | undefined
  /** Δ in milliseconds; 0 when each check asks the store. An answer later than Δ renews no lease. */
  readonly maxStalenessMs?: number | undefined
  /** True when there is a prefix cache: polls must then report bucket versions. Default false. */
  readonly buckets?: boolean | undefined
  readonly clock: { now(): number }
  readonly logger: Logger
}

/** What a store returns when it is opened. */
export interface StoreInfo {
  /** Random, generated when the store is created. */
  readonly id: string
  /** The 16-byte digest key. */
  readonly key: Uint8Array
}

/**
 * The store: the only authority on what is revoked. It numbers its changes without gaps, in the order of
 * commit. Methods that return {@link MaybePromise} should return a value when they can: the check then needs
 * no extra turn.
 *
 * Every method fails with a `RevocadeError`: `ERR_STORE_*`, `ERR_NOT_DURABLE` or `ERR_CLOSED`. `storeSuite`
 * of `revocade/testing` checks an implementation.
 */
export interface RevocationStore {
  /** A word for `stats()`, such as 'sqlite'. */
  readonly kind: string
  /**
   * What receipts say in `durable`. 'redis': the store keeps its promises as far as a Redis can; undefined:
   * they say true.
   */
  readonly durable?: 'redis'
  /**
   * Prefix of the file paths for snapshots of the prefilter. Undefined when the store has no place for them.
   */
  readonly snapshotPath?: string
  /**
   * Seconds: the largest tolerance that any engine has opened the store with, as of the last poll; at least
   * that of this opening. The engine stores a revocation that has expired by less. Undefined when the store
   * keeps none: then all its engines must have the same.
   */
  readonly clockToleranceSeconds?: number
  /** What feeds a prefix cache. Undefined when the store can't. */
  readonly buckets?: BucketSource
  /** Where refresh tokens are kept. Undefined when the store can't. */
  readonly sessions?: SessionStore
  /**
   * Opens the store; creates or migrates it first when needed. The engine calls this once, before any other
   * method. When it rejects, it must have released everything: the engine does not call {@link
   * RevocationStore.close}.
   */
  open(context: StoreContext): Promise<StoreInfo>
  /** Returns the newest committed row of a digest, which may be a tombstone or expired. */
  get(digest: Digest): MaybePromise<StoredRow | undefined>
  /**
   * Returns of the same row only what decides. `isRevoked` is then answered without an extra turn, and the
   * rest of the record is read when a verdict shows it. It must answer synchronously, so only a store whose
   * `get` returns no promise has this method, and it pays where it is cheaper than `get`. A store that
   * changes what an inherited `get` answers must change this too.
   */
  getDeciding?(digest: Digest): DecidingRow | undefined
  /**
   * Returns the changes after a position, oldest first.
   *
   * @param limit - the greatest number of changes to return
   * @param seen - the newest position that the engine knows of, from a commit of its own or from the `head`
   *   of an earlier poll. The answer is `diverged` when the store's history does not contain it. Default:
   *   `after`
   */
  poll(after: Position, limit: number, seen?: Position): MaybePromise<Poll>
  /**
   * Says of each position whether the history contains it, all by one snapshot. True only if the history up
   * to there is the one that the position was told of.
   *
   * The engine asks after a poll that said `diverged`, and goes on from a common position instead of loading
   * the store again. It writes again those of its last revocations that the history lacks. A store that has
   * this method says `diverged` of each poll from a position that is not in its history, each of its commits
   * has an epoch of its own, and it reports {@link Committed.previous}. Undefined: the engine loads again.
   */
  contains?(positions: readonly Position[]): MaybePromise<readonly boolean[]>
  /**
   * Cheap and synchronous. A store that has this method must also return from {@link RevocationStore.poll}
   * and {@link RevocationStore.contains} without a promise.
   *
   * @returns true when nobody has committed since the last poll whose `more` was false
   */
  isCurrent?(): boolean
  /**
   * Reads all revocations from one snapshot, in any order. It must not block the event loop.
   *
   * @param liveAfter - only revocations that expire after this, in NumericDate seconds
   */
  scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void>
  /**
   * Scans likewise, in a thread of the store, and hands the rows to a collector there. A store without such a
   * thread lacks this method: the engine then collects what {@link RevocationStore.scan} yields, in slices.
   */
  collect?(liveAfter: number, collector: CollectorModule): Promise<Collected>
  /**
   * Commits mutations in their order, and resolves once all are durable. It must reject with
   * `ERR_NOT_DURABLE` when it can't tell that they are.
   */
  write(mutations: readonly Mutation[]): Promise<Committed>
  /** Returns rows of this namespace, in order of `seq`. */
  list(query: StoreQuery): MaybePromise<readonly StoredRow[]>
  stats(): StoreStats
  /** Waits for writes under way, then releases everything. Idempotent. */
  close(): Promise<void>
}
