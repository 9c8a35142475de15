import type { Digest } from './digest.js'

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
