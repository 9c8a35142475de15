import type { BucketVersions } from './bucket-source.js'
import type { Digest } from './digest.js'
import type { Target } from './target.js'

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
