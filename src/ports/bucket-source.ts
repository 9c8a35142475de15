/**
 * Which change of a bucket was its last. The number alone does not say it: a restored store gives its numbers out again.
 * So each commit draws a random tag, and two states of a bucket with one version are one state, in whatever history.
 */
export interface BucketVersion {
  readonly bucket: number
  /** 0: nothing in it ever changed. */
  readonly seq: number
  /** 8 random bytes; zeros at seq 0. */
  readonly tag: Uint8Array
}

/** Versions of some buckets, and into how many (2^bits) the digests are divided. A bucket that is in none of them never changed. */
export interface BucketVersions {
  readonly bits: number
  readonly versions: readonly BucketVersion[]
}

export interface AllBucketVersions extends BucketVersions {
  readonly position: { readonly seq: number; readonly epoch: string }
}

/** A row as L1 keeps it. Times in NumericDate seconds. */
export interface BucketEntry {
  /** 16 bytes. */
  readonly digest: Uint8Array
  readonly revoked: boolean
  readonly expiresAt: number
  /** Selectors only, where they have a cutoff; see `StoredRow.issuedThrough`. */
  readonly issuedThrough?: number
}

/**
 * The answer to {@link BucketSource.read}. `divided`: the number of buckets is not what the asker thinks. `crowded`: there is too
 * much in it to be read whole.
 */
export type BucketRead =
  | { readonly status: 'layout-changed' }
  | { readonly status: 'too-large'; readonly rows: number }
  | {
      readonly status: 'ok'
      readonly version: BucketVersion
      /** True: all that is revoked, expired or not. False: what has changed since the version that was asked from, tombstones included. */
      readonly whole: boolean
      readonly entries: readonly BucketEntry[]
      /** Rows of the bucket, whatever they say. */
      readonly rows: number
    }

/** What L1 needs of a store that can feed one: its buckets, each as of one snapshot. */
export interface BucketSource {
  /** The versions of all buckets, from one snapshot, and the position of the newest change in it. */
  versions(): AllBucketVersions | Promise<AllBucketVersions>
  /**
   * A bucket of 2^bits from one snapshot: what changed since a version, if that lies in the bucket's recent history; otherwise
   * all of it, unless that is more than {@link MOST_ROWS_READ}. `background`: nobody waits for it. A store that would keep the event loop
   * from its work reads it elsewhere then.
   */
  read(
    bucket: number,
    bits: number,
    since: Pick<BucketVersion, 'seq' | 'tag'> | undefined,
    background?: boolean,
  ): BucketRead | Promise<BucketRead>
  /** Divides the digests into 2^bits buckets, where there are fewer: each part starts with the version of what it was part of. */
  split(bits: number): Promise<void>
}
