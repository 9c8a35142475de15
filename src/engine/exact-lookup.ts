import type { Digest, RevocationStore, StoredRow } from '../ports/index.js'
import type { Lookups, PrefixCache, PrefixEntry, PrefixReply } from '../ports/prefix-cache.js'
import { keyOf, type VerdictCache } from './verdict-cache.js'

/** What was found of one digest. */
export type Found =
  | { readonly by: 'cache' | 'redis' | 'store'; readonly row: StoredRow | null }
  /** The store can't be asked, and Redis holds the long prefix. */
  | { readonly by: 'redis'; readonly entry: PrefixEntry; readonly failure: unknown }

/** A digest that is being looked up, so that many who ask for one make one call. */
interface Flight {
  /** The cache's, when it was sent. */
  readonly stamp: number
  readonly found: Promise<Found>
}

/** The read path below L0: the verdict cache, then L1 if it is to be asked first, then the store. */
export class CloserLook {
  readonly #cache: VerdictCache
  readonly #store: RevocationStore
  readonly #prefixCache: PrefixCache | undefined
  readonly #lookups: Lookups
  readonly #flights = new Map<string, Flight>()

  constructor(cache: VerdictCache, store: RevocationStore, prefixCache?: PrefixCache, lookups: Lookups = 'first') {
    this.#cache = cache
    this.#store = store
    this.#prefixCache = prefixCache
    this.#lookups = lookups
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
    const flight = this.#flights.get(key)
    // One that was sent before the last change that we have seen may not know of it.
    if (flight?.stamp === this.#cache.stamp) return flight.found
    const asked = this.#lookups === 'first' ? this.#prefixCache?.ask(digest) : undefined
    const found = asked === undefined ? this.#fromStore(digest, true) : this.#fromPrefixCache(digest, asked)
    if (found instanceof Promise) this.#board(key, { stamp: this.#cache.stamp, found })
    return found
  }

  #board(key: string, flight: Flight): void {
    this.#flights.set(key, flight)
    const land = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    flight.found.then(land, land)
  }

  async #fromPrefixCache(digest: Digest, asked: Promise<PrefixReply | undefined>): Promise<Found> {
    const reply = await asked
    return (reply && this.#proven(digest, reply)) ?? this.#fromStore(digest, true, reply)
  }

  /** L1's silence counts only with its proof, and that only in this very turn, in which it is used. All else is the store's to say. */
  #proven(digest: Digest, reply: PrefixReply): Found | undefined {
    if (this.#prefixCache?.isCurrent(reply) !== true) this.#prefixCache?.heal(reply)
    else if (reply.entry === null) {
      this.#cache.set(digest, null, this.#cache.stamp)
      return { row: null, by: 'redis' }
    }
    return undefined
  }

  /** The store; where it can't be asked, L1. `reply`: what that has said of the digest, if it was asked, and proves nothing. */
  #fromStore(digest: Digest, fresh: boolean, reply?: PrefixReply): Found | Promise<Found> {
    const askedAt = this.#cache.stamp
    const found = (row: StoredRow | null = null): Found => {
      this.#cache.set(digest, row, askedAt)
      return { row, by: 'store' }
    }
    const withoutStore = (failure: unknown): Promise<Found> => this.#withoutStore(digest, fresh, reply, failure)
    try {
      const row = this.#store.get(digest)
      return row instanceof Promise ? row.then(found, withoutStore) : found(row)
    } catch (failure) {
      return withoutStore(failure)
    }
  }

  /** What L1 holds may still revoke; what it proves not to hold is not revoked, as far as L0 is current. */
  async #withoutStore(digest: Digest, fresh: boolean, given: PrefixReply | undefined, failure: unknown): Promise<Found> {
    const reply = given ?? (await this.#prefixCache?.ask(digest))
    if (reply === undefined) throw failure
    if (reply.entry !== null) return { by: 'redis', entry: reply.entry, failure }
    const proven = given === undefined && fresh ? this.#proven(digest, reply) : undefined
    if (proven === undefined) throw failure
    return proven
  }
}
