import type { Digest, RevocationStore, StoredRow } from '../ports/index.js'
import type { PrefixCache, PrefixCacheReads, PrefixEntry, PrefixReply } from '../ports/prefix-cache.js'
import { keyOf, type VerdictCache } from './verdict-cache.js'

/** What was found of one digest. */
export type Found =
  | { readonly by: 'cache' | 'redis' | 'store'; readonly row: StoredRow | null }
  /** The store can't be asked, and Redis holds the long prefix. */
  | { readonly by: 'redis'; readonly entry: PrefixEntry; readonly failure: unknown }

/** A digest that is being looked up, so that many who ask for one make one call. */
interface InFlight {
  /** The cache's, when it was sent. */
  readonly generation: number
  readonly found: Promise<Found>
}

/** The read path below L0: the verdict cache, then L1 if it is to be asked first, then the store. */
export class ExactLookup {
  readonly #cache: VerdictCache
  readonly #store: RevocationStore
  readonly #prefixCache: PrefixCache | undefined
  readonly #prefixCacheReads: PrefixCacheReads
  readonly #inFlight = new Map<string, InFlight>()

  constructor(
    cache: VerdictCache,
    store: RevocationStore,
    prefixCache?: PrefixCache,
    reads: PrefixCacheReads = 'before-store',
  ) {
    this.#cache = cache
    this.#store = store
    this.#prefixCache = prefixCache
    this.#prefixCacheReads = reads
  }

  /**
   * At once where it can be. `fresh`: L0 is known to be current. Otherwise only the store counts: the others are no newer than L0.
   * Throws or rejects where the store can't be asked and Redis does not know better.
   */
  find(digest: Digest, fresh: boolean): Found | Promise<Found> {
    if (!fresh) return this.#fromStore(digest, false)
    const cached = this.#cache.get(digest)
    if (cached !== undefined) return { row: cached, by: 'cache' }
    const key = keyOf(digest)
    const flight = this.#inFlight.get(key)
    // One that was sent before the last change that we have seen may not know of it.
    if (flight?.generation === this.#cache.generation) return flight.found
    const asked = this.#prefixCacheReads === 'before-store' ? this.#prefixCache?.lookup(digest) : undefined
    const found = asked === undefined ? this.#fromStore(digest, true) : this.#fromPrefixCache(digest, asked)
    if (found instanceof Promise) this.#share(key, { generation: this.#cache.generation, found })
    return found
  }

  #share(key: string, flight: InFlight): void {
    this.#inFlight.set(key, flight)
    const land = (): void => {
      if (this.#inFlight.get(key) === flight) this.#inFlight.delete(key)
    }
    flight.found.then(land, land)
  }

  async #fromPrefixCache(digest: Digest, asked: Promise<PrefixReply | undefined>): Promise<Found> {
    const reply = await asked
    return (reply && this.#proven(digest, reply)) ?? this.#fromStore(digest, true, reply)
  }

  /** L1's silence counts only with its proof, and that only in this very turn, in which it is used. All else is the store's to say. */
  #proven(digest: Digest, reply: PrefixReply): Found | undefined {
    if (this.#prefixCache?.isCurrent(reply) !== true) this.#prefixCache?.repair(reply)
    else if (reply.entry === null) {
      this.#cache.set(digest, null, this.#cache.generation)
      return { row: null, by: 'redis' }
    }
    return undefined
  }

  /** The store; where it can't be asked, L1. `reply`: what that has said of the digest, if it was asked, and proves nothing. */
  #fromStore(digest: Digest, fresh: boolean, reply?: PrefixReply): Found | Promise<Found> {
    const askedAt = this.#cache.generation
    const found = (row: StoredRow | null = null): Found => {
      this.#cache.set(digest, row, askedAt)
      return { row, by: 'store' }
    }
    const withoutStore = (failure: unknown): Promise<Found> =>
      this.#withoutStore(digest, fresh, reply, failure)
    try {
      const row = this.#store.get(digest)
      return row instanceof Promise ? row.then(found, withoutStore) : found(row)
    } catch (failure) {
      return withoutStore(failure)
    }
  }

  /** What L1 holds may still revoke; what it proves not to hold is not revoked, as far as L0 is current. */
  async #withoutStore(
    digest: Digest,
    fresh: boolean,
    given: PrefixReply | undefined,
    failure: unknown,
  ): Promise<Found> {
    const reply = given ?? (await this.#prefixCache?.lookup(digest))
    if (reply === undefined) throw failure
    if (reply.entry !== null) return { by: 'redis', entry: reply.entry, failure }
    const proven = given === undefined && fresh ? this.#proven(digest, reply) : undefined
    if (proven === undefined) throw failure
    return proven
  }
}
