import type { Digest, Prefilter } from '../ports/index.js'

/** A filter that can forget single digests. */
export interface DeletablePrefilter extends Prefilter {
  /**
   * Takes back one earlier `add` of this digest. Returns false, and does nothing, where none is known.
   *
   * Whether adds are counted is the filter's to say: `exact` holds a set (one delete forgets the digest,
   * further ones do nothing), `trie` a multiset of prefixes (as many deletes as adds).
   */
  delete(digest: Digest): boolean
}
