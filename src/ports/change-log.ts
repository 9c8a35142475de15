import type { BucketVersions } from './bucket-source.js'
import type { Digest } from './digest.js'
import type { Target } from './target.js'

/**
 * A place in a store's history. The epoch distinguishes two histories with equal numbers, as after a restore.
 */
export interface Position {
  /** Sequence number of the last change seen; 0 before the first. */
  readonly seq: number
  /** Random tag of the part of the history in which `seq` was written; '' when `seq` is 0. */
  readonly epoch: string
}

/** The current record of one target. */
export interface StoredRow {
  readonly seq: number
  readonly target: Target
  /** False for a tombstone: the revocation was taken back. */
  readonly revoked: boolean
  /** NumericDate seconds. */
  readonly expiresAt: number
  /** Milliseconds since 1970. */
  readonly revokedAt: number
  /** When it begins to count; undefined: at once. Milliseconds since 1970. */
  readonly notBefore?: number
  /** Selectors only: the cutoff as the caller gave it. Milliseconds since 1970. */
  readonly issuedBefore?: number
  /** Selectors only: a token is revoked when `floor(iat)` is at most this. NumericDate seconds. */
  readonly issuedThrough?: number
  readonly reason?: string
  readonly actor?: string
}

/** The part of a record that decides whether a token is revoked. */
export type DecidingRow = Pick<StoredRow, 'seq' | 'revoked' | 'expiresAt' | 'notBefore' | 'issuedThrough'>

/** What a poll tells about a changed row. */
export interface Change {
  readonly digest: Digest
  readonly seq: number
  /** False for a tombstone. */
  readonly revoked: boolean
  /** NumericDate seconds. */
  readonly expiresAt: number
  /** The sorted claim names of a selector; undefined for a single token. */
  readonly selector?: readonly string[]
}

/**
 * The answer to {@link RevocationStore.poll}.
 *
 * - `ok`: the changes
 * - `diverged`: the store's history does not contain the engine's position, because the store was restored
 *   from a backup or replaced, or a failover lost it. The engine goes on from a position that it does contain
 *   ({@link RevocationStore.contains}), or forgets what it knows and loads again
 */
export type Poll =
  | {
      readonly status: 'ok'
      /** Oldest first. */
      readonly changes: readonly Change[]
      /** The position after these changes: the next poll starts from it. */
      readonly position: Position
      /** True when the store may have further changes already. */
      readonly more: boolean
      /** The newest change in the snapshot that was read. Default: `position`. */
      readonly head?: Position
      /**
       * The versions of the changed buckets, from the same snapshot. Only when {@link StoreContext.buckets}
       * is true.
       */
      readonly buckets?: BucketVersions
      /**
       * Milliseconds since 1970, by the clock of the store's server when it read the snapshot. Only where
       * that is another machine, which runs on while this one is paused.
       */
      readonly serverTime?: number
    }
  | { readonly status: 'diverged' }

/** A part of a scan. Entry i has the words 4i to 4i + 3 of `digests`, and `expiresAt[i]`. */
export interface ScanChunk {
  /** An upper bound of the entries in the whole scan, equal in all chunks: it sizes the prefilter. */
  readonly total: number
  readonly digests: Int32Array
  /** NumericDate seconds. */
  readonly expiresAt: Float64Array
}

/** The return value of {@link RevocationStore.scan}: facts about the one snapshot of all its chunks. */
export interface ScanEnd {
  /** The newest change in the snapshot. */
  readonly position: Position
  /** The selectors with live entries: their sorted claim names and latest expiry, in NumericDate seconds. */
  readonly selectors: readonly { readonly names: readonly string[]; readonly expiresAt: number }[]
}

/**
 * A write.
 *
 * - `revoke` inserts or updates a row. Of two cutoffs the later one stands, and so does the later expiry; of
 *   two starts the earlier one, and none at all is the earliest
 * - `unrevoke` leaves a tombstone. It changes nothing when there is no live revocation
 */
export type Mutation =
  | {
      readonly op: 'revoke'
      /** 16 bytes. */
      readonly digest: Uint8Array
      readonly target: Target
      /** NumericDate seconds. */
      readonly expiresAt: number
      /** Milliseconds since 1970. */
      readonly revokedAt: number
      /** As in {@link StoredRow}; the store rounds it down to whole milliseconds. */
      readonly notBefore?: number
      /** As in {@link StoredRow}. */
      readonly issuedBefore?: number
      /** As in {@link StoredRow}. */
      readonly issuedThrough?: number
      readonly reason?: string
      readonly actor?: string
    }
  | {
      readonly op: 'unrevoke'
      /** 16 bytes. */
      readonly digest: Uint8Array
      /** Milliseconds since 1970. */
      readonly revokedAt: number
    }

/** The result of one mutation. */
export interface Written {
  /** Its sequence number; 0 when nothing changed. */
  readonly seq: number
  /** The expiry in the store after the write, in NumericDate seconds. A later one that was there stays. */
  readonly expiresAt: number
  /**
   * A `revoke` only: a live revocation of the same digest already revoked every token that this one revokes,
   * decided within the commit. It says nothing of the expiry, which may have become later, nor of one later
   * start before another. But false if this one counts at once (its `notBefore` is not after its `revokedAt`)
   * and the other did not yet.
   */
  readonly already: boolean
  /** As in {@link StoredRow}, after the write. */
  readonly notBefore?: number
}

/** A durable commit. */
export interface Committed {
  /** The epoch of its sequence numbers. */
  readonly epoch: string
  /**
   * The epoch of the change before its first one; '' if there is none. Only of a store in which each commit
   * has an epoch of its own: the engine then knows that no other commit lies between.
   */
  readonly previous?: string
  /**
   * The tag of all bucket versions that the commit made, and the bits of the number of buckets (2^bits) then.
   */
  readonly buckets?: { readonly bits: number; readonly tag: Uint8Array }
  /** One for each mutation, in the order of the mutations. */
  readonly written: readonly Written[]
}
