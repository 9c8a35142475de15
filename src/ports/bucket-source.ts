/**
 * The last change of a bucket. A sequence number alone does not identify it, because a restored store gives
 * its numbers out again. Each commit therefore draws a random tag: two equal versions mean two equal states.
 */
export interface BucketVersion {
  readonly bucket: number
  /** Sequence number of the last change; 0 when nothing in the bucket ever changed. */
  readonly seq: number
  /** 8 random bytes; zeros when `seq` is 0. */
  readonly tag: Uint8Array
}

/** Versions of some of the 2^bits buckets that the digests are split into. */
export interface BucketVersions {
  readonly bits: number
  readonly versions: readonly BucketVersion[]
}

/** Versions of all buckets, from one snapshot. A bucket that is not listed never changed. */
export interface AllBucketVersions extends BucketVersions {
  /** The newest change in the snapshot. */
  readonly position: { readonly seq: number; readonly epoch: string }
}

/** A row as the prefix cache keeps it. */
export interface BucketEntry {
  /** 16 bytes. */
  readonly digest: Uint8Array
  /** False for a tombstone. */
  readonly revoked: boolean
  /**
   * NumericDate seconds. 0 for a revocation that has a `notBefore`: its entry alone revokes nothing, it only
   * says that the store must be asked.
   */
  readonly expiresAt: number
  /** Selectors with a cutoff only; see `StoredRow.issuedThrough`. NumericDate seconds. */
  readonly issuedThrough?: number
}

/**
 * The answer to {@link BucketSource.read}.
 *
 * - `layout-changed`: the store no longer has 2^bits buckets
 * - `too-large`: the bucket has more rows than one read may return; {@link BucketSource.split} it
 * - `ok`: the entries
 */
export type BucketRead =
  | { readonly status: 'layout-changed' }
  | { readonly status: 'too-large'; readonly rows: number }
  | {
      readonly status: 'ok'
      readonly version: BucketVersion
      /**
       * True: the entries are all revocations of the bucket, expired ones included. False: they are the
       * changes since the version in the request, tombstones included.
       */
      readonly whole: boolean
      readonly entries: readonly BucketEntry[]
      /** Number of rows in the bucket, tombstones and expired ones included. */
      readonly rows: number
    }

/** What a prefix cache needs of its store: buckets, each read from one snapshot. */
export interface BucketSource {
  /** Reads the versions of all buckets and the position of the newest change, from one snapshot. */
  versions(): AllBucketVersions | Promise<AllBucketVersions>
  /**
   * Reads one of 2^bits buckets from one snapshot: the changes since a version if the bucket's recent history
   * contains it, otherwise the whole bucket if it has at most 2,048 rows.
   *
   * @param since - the version that the reader has; undefined to read the whole bucket
   * @param background - true when no check waits for the answer. A store whose reads block the event loop
   *   then reads on another thread. Default false
   */
  read(
    bucket: number,
    bits: number,
    since: Pick<BucketVersion, 'seq' | 'tag'> | undefined,
    background?: boolean,
  ): BucketRead | Promise<BucketRead>
  /**
   * Splits the digests into 2^bits buckets; does nothing when there are as many already. Each new bucket
   * starts with the version of the bucket that it was part of.
   */
  split(bits: number): Promise<void>
}
