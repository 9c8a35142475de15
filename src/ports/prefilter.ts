import type { Digest } from './digest.js'

/** The kinds of prefilter. `none` keeps nothing in memory, so that every check asks the store. */
export type PrefilterKind = 'bloom' | 'fuse' | 'trie' | 'exact' | 'bloom-filters' | 'none'

/**
 * A set of digests in memory. It may answer "maybe" for a digest that it does not hold, and never answers
 * "no" for one that it holds. Its methods are synchronous, and {@link Prefilter.has} allocates nothing.
 */
export interface Prefilter {
  readonly kind: PrefilterKind
  /** Distinct digests added. One that looked present when it was added is not counted. */
  readonly entries: number
  /** Memory of the tables, in bytes. */
  readonly bytes: number
  /**
   * Number of entries up to which the target rate holds. Beyond it the filter grows, and a rebuild is better.
   */
  readonly capacity: number
  /** Probability that `has` is true for a digest that was never added, at the present number of entries. */
  readonly expectedFalsePositiveRate: number
  /**
   * O(1), without allocation.
   *
   * @returns false when the digest was never added; true when it may have been
   */
  has(digest: Digest): boolean
  /**
   * Adds a digest. Adding it again is harmless.
   *
   * @returns false when the digest looked present already
   */
  add(digest: Digest): boolean
  /**
   * Serialises the tables for a snapshot. The pieces may share memory with the filter, and then also show
   * digests that are added later.
   *
   * @returns the bytes in pieces, to be written one after another
   */
  encode(): readonly Uint8Array[]
}
