/**
 * The interfaces of the layers. `prefilter/`, `store/` and later layers implement them and know
 * nothing of each other; `lookup.ts`, `revoke.ts` and `sync.ts` know only these.
 */

import type { BucketSource, BucketVersions } from './buckets.js'

export type { AllBucketVersions, BucketEntry, BucketRead, BucketSource, BucketVersion, BucketVersions } from './buckets.js'

/**
 * A 128-bit digest as four 32-bit words, `words[0]` holding bytes 0–3 little-endian and so on.
 * Signed words, because V8 keeps a 32-bit signed integer unboxed where an unsigned one may allocate.
 */
export type Digest = Int32Array

/** What a revocation names: one token (by an id claim or by a hash), or all tokens with some claims. */
export type Target =
  | { readonly kind: 'id'; readonly claim: string; readonly id: string | number; readonly iss?: string }
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'selector'; readonly where: Readonly<Record<string, string | number>> }

/** The kinds of L0 filter. `none` keeps nothing in memory: every check asks the store. */
export type PrefilterKind = 'bloom' | 'trie' | 'exact' | 'bloom-filters' | 'none'

/**
 * L0: a set of digests that may say "maybe" for one it does not hold, and never "no" for one it does.
 * Implementations are synchronous and allocate nothing in {@link Prefilter.has}.
 */
export interface Prefilter {
  readonly kind: PrefilterKind
  /** Distinct digests added, as far as the filter can tell (it cannot see a repeated false positive). */
  readonly entries: number
  /** Memory of the tables, in bytes. */
  readonly bytes: number
  /** Entries it holds at its target rate. Past that it grows on its own, but a rebuild serves better. */
  readonly capacity: number
  /** The rate that the present fill should give: the chance that `has` is true for a digest never added. */
  readonly expectedFalsePositiveRate: number
  /** False: the digest was never added. True: perhaps it was. O(1), no allocation. */
  has(digest: Digest): boolean
  /** Adds a digest; adding twice is harmless. Returns false where it looked present already. */
  add(digest: Digest): boolean
  /**
   * The tables as bytes, to be put into a snapshot: pieces, one after another. They may show what is added later: nothing that was there is missing.
   */
  encode(): readonly Uint8Array[]
}

/** A place in a store's history. The epoch tells two histories with equal numbers apart (a restored backup). */
export interface Position {
  /** Sequence number of the last change seen; 0 before the first. */
  readonly seq: number
  /** Random tag of the stretch of history that `seq` was written in; '' at seq 0. */
  readonly epoch: string
}

/** One target's current record in the store. Times: `…At` in milliseconds since 1970 unless it says seconds. */
export interface StoredRow {
  readonly seq: number
  readonly target: Target
  /** False: a tombstone, the target was un-revoked. */
  readonly revoked: boolean
  /** NumericDate seconds. */
  readonly expiresAt: number
  /** Milliseconds. */
  readonly revokedAt: number
  /** Selectors only. Milliseconds, as the caller gave it. */
  readonly issuedBefore?: number
  /** Selectors only. Tokens with `floor(iat)` up to and including this many seconds are revoked. */
  readonly issuedThrough?: number
  readonly reason?: string
  readonly actor?: string
}

/** What a follower needs of a changed row. */
export interface Change {
  readonly digest: Digest
  readonly seq: number
  readonly revoked: boolean
  /** NumericDate seconds. */
  readonly expiresAt: number
  /** The sorted claim names of a selector; undefined for a token. */
  readonly selector?: readonly string[]
}

/**
 * The answer to {@link RevocationStore.poll}. `diverged`: the store's history does not contain the
 * follower's position (restored from a backup, swapped for another): forget everything and rebuild.
 */
export type Poll =
  | {
      readonly status: 'ok'
      readonly changes: readonly Change[]
      readonly position: Position
      readonly more: boolean
      /** The newest change in the snapshot that this was read from. Default: `position`. */
      readonly head?: Position
      /** From the same snapshot as the changes: the versions of the buckets that they lie in. Where {@link StoreContext.buckets} asks for it. */
      readonly buckets?: BucketVersions
    }
  | { readonly status: 'diverged' }

/** A run of live revocations: `digests` holds 4 words each, `expiresAt` (NumericDate seconds) one number each. */
export interface ScanChunk {
  /** An upper bound of the entries in the whole scan, known from the first chunk on: it sizes the filter. */
  readonly total: number
  readonly digests: Int32Array
  readonly expiresAt: Float64Array
}

/** What a {@link RevocationStore.scan} says at its end, about the one snapshot that all its chunks came from. */
export interface ScanEnd {
  readonly position: Position
  /** For each selector shape with live entries (sorted claim names): its latest expiry, in NumericDate seconds. */
  readonly selectors: readonly { readonly names: readonly string[]; readonly expiresAt: number }[]
}

/** A write. `revoke` upserts: the later cutoff, the later expiry stand. `unrevoke` leaves a tombstone, or nothing where nothing was live. */
export type Mutation =
  | {
      readonly op: 'revoke'
      /** 16 bytes. */
      readonly digest: Uint8Array
      readonly target: Target
      /** NumericDate seconds. */
      readonly expiresAt: number
      /** Milliseconds. */
      readonly revokedAt: number
      readonly issuedBefore?: number
      readonly issuedThrough?: number
      readonly reason?: string
      readonly actor?: string
    }
  | { readonly op: 'unrevoke'; readonly digest: Uint8Array; readonly revokedAt: number }

/** One written mutation. */
export interface Written {
  /** Its sequence number; 0 where there was nothing to change. */
  readonly seq: number
  /** NumericDate seconds that now stand in the store (a shorter expiry never replaces a longer one). */
  readonly expiresAt: number
}

/** A durable commit. */
export interface Committed {
  readonly epoch: string
  /** The tag of all versions that the commit made, and the number of buckets (2^bits) that it made them in. */
  readonly buckets?: { readonly bits: number; readonly tag: Uint8Array }
  /** In the order of the mutations. */
  readonly written: readonly Written[]
}

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

/** A pino-shaped logger. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
