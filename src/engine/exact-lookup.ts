import type { DecidingRow, Digest, RevocationStore } from '../ports/index.js'
import { isPromise } from '../ports/is-promise.js'
import type { PrefixCache, PrefixCacheReads, PrefixEntry, PrefixReply } from '../ports/prefix-cache.js'
import { type CachedRow, keyOf, type VerdictCache } from './verdict-cache.js'

/** What is known of one digest. */
export type Found =
  | { readonly by: 'cache' | 'redis' | 'store'; readonly row: CachedRow }
  /** The store can't be read, and Redis holds the prefix of the digest. */
  | { readonly by: 'redis'; readonly entry: PrefixEntry; readonly failure: unknown }

/** A lookup in flight: checks of the same digest share it. */
interface InFlight {
  readonly digest: Digest
  /** The generation of the verdict cache when the lookup was sent. */
  readonly generation: number
  readonly found: Promise<Found>
}

/** The read path after the prefilter: verdict cache, prefix cache if it comes before the store, store. */
export class ExactLookup {
  readonly #cache: VerdictCache
  readonly #store: RevocationStore
  readonly #prefixCache: PrefixCache | undefined
  readonly #prefixCacheReads: PrefixCacheReads
  readonly #inFlight = new Map<number, InFlight>()

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

  /** The cached answer on a digest; undefined: none. It counts only if the prefilter is current. */
  cached(digest: Digest): CachedRow | undefined {
    return this.#cache.get(digest)
  }

  /**
   * What decides on a digest that is not cached, if the store comes next and can tell it at once; undefined
   * otherwise. It counts only if the prefilter is current. Throws when the store can't be read.
   */
  decidingRow(digest: Digest): DecidingRow | null | undefined {
    const redisComesNext = this.#prefixCache !== undefined && this.#prefixCacheReads === 'before-store'
    if (redisComesNext || this.#store.getDeciding === undefined) return undefined
    const askedAt = this.#cache.generation
    const row = this.#store.getDeciding(digest) ?? null
    this.#cache.set(digest, row, askedAt)
    return row
  }

  /**
   * Looks a digest up, synchronously where the layers allow it. Throws or rejects when the store can't be
   * read and Redis can't decide.
   *
   * @param digest - not to be overwritten: a lookup may be under way when this returns
   * @param fresh - the prefilter is known to be current; otherwise only the store counts, because the caches
   * are no newer than the prefilter
   * @param failure - why the store is not to be asked: it has just failed for all checks that wait
   */
  find(digest: Digest, fresh: boolean, failure?: unknown): Found | Promise<Found> {
    if (failure !== undefined) return this.#withoutStore(digest, false, undefined, failure)
    if (!fresh) return this.#fromStore(digest, false)
    const cached = this.#cache.get(digest)
    if (cached !== undefined)
      return isPart(cached) ? this.#wholeOf(digest, cached) : { row: cached, by: 'cache' }
    const key = keyOf(digest)
    const flight = this.#inFlight.get(key)
    // A lookup sent before the last known change may miss that change.
    if (flight?.generation === this.#cache.generation && isEqual(flight.digest, digest)) return flight.found
    const asked = this.#prefixCacheReads === 'before-store' ? this.#prefixCache?.lookup(digest) : undefined
    const found = asked === undefined ? this.#fromStore(digest, true) : this.#fromPrefixCache(digest, asked)
    if (found instanceof Promise) this.#share(key, { digest, generation: this.#cache.generation, found })
    return found
  }

  /** A revocation of which only what decides is cached: all of it, unless the store can't be read now. */
  #wholeOf(digest: Digest, cached: DecidingRow): Found | Promise<Found> {
    const part = (): Found => ({ row: cached, by: 'cache' })
    return this.#ask(digest, part)
  }

  #share(key: number, flight: InFlight): void {
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

  /** A Redis miss proves absence only if the bucket's version is current, and only until the next await. */
  #proven(digest: Digest, reply: PrefixReply): Found | undefined {
    if (this.#prefixCache?.isCurrent(reply) !== true) this.#prefixCache?.repair(reply)
    else if (reply.entry === null) {
      this.#cache.set(digest, null, this.#cache.generation)
      return { row: null, by: 'redis' }
    }
    return undefined
  }

  /**
   * Reads the store or, if that fails, the prefix cache.
   *
   * @param reply - the answer of the prefix cache, if it was asked already; it proved nothing
   */
  #fromStore(digest: Digest, fresh: boolean, reply?: PrefixReply): Found | Promise<Found> {
    return this.#ask(digest, (failure) => this.#withoutStore(digest, fresh, reply, failure))
  }

  #ask(digest: Digest, withoutStore: (failure: unknown) => Found | Promise<Found>): Found | Promise<Found> {
    const askedAt = this.#cache.generation
    const found = (row: CachedRow = null): Found => {
      this.#cache.set(digest, row, askedAt)
      return { row, by: 'store' }
    }
    try {
      const row = this.#store.get(digest)
      return isPromise(row) ? Promise.resolve(row).then(found, withoutStore) : found(row)
    } catch (failure) {
      return withoutStore(failure)
    }
  }

  /** An entry in Redis may still revoke. A proven miss means not revoked if the prefilter is current. */
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

/** Whether a verdict that shows the revocation needs more of it. */
const isPart = (row: CachedRow): row is DecidingRow => row !== null && row.revoked && !('target' in row)

const isEqual = (one: Digest, other: Digest): boolean =>
  one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]
