import { LRUCache } from 'lru-cache'
import type { DecidingRow, Digest, StoredRow } from '../ports/index.js'

/** The row that the store holds for a digest, perhaps only what decides of it; `null` if there is none. */
export type CachedRow = StoredRow | DecidingRow | null

interface Entry {
  /** The other three words of the digest, because several digests may have one key. */
  readonly second: number | undefined
  readonly third: number | undefined
  readonly fourth: number | undefined
  readonly row: CachedRow
}

/**
 * Answers of the store on digests that the prefilter could not rule out. Neither an active token that
 * collides in the filter nor a replayed revoked one then asks the store each time. Entries count only while
 * the lease is live: for every change that the lease covers, {@link VerdictCache.forget} was called.
 */
export class VerdictCache {
  readonly capacity: number
  /** Grows with every change. An answer asked for in an older generation may be older than the change. */
  generation = 0
  /**
   * The newest change known to be in the store's history. A newer row may vanish if the store is restored.
   */
  maxConfirmedSeq = 0
  readonly #entries: LRUCache<number, Entry> | undefined

  constructor(capacity: number) {
    this.capacity = capacity
    this.#entries = capacity === 0 ? undefined : new LRUCache({ max: capacity })
  }

  get size(): number {
    return this.#entries?.size ?? 0
  }

  /** The answer for a digest; `undefined` if none is cached. */
  get(digest: Digest): CachedRow | undefined {
    const entry = this.#entries?.get(keyOf(digest))
    if (entry === undefined) return undefined
    const isSame = entry.second === digest[1] && entry.third === digest[2] && entry.fourth === digest[3]
    return isSame ? entry.row : undefined
  }

  /**
   * Keeps an answer of the store, unless a change was applied since it was asked for or its row is newer than
   * {@link VerdictCache.maxConfirmedSeq}. It takes the place of another digest's answer with the same key.
   *
   * @param askedAt - the {@link VerdictCache.generation} before the store was asked
   */
  set(digest: Digest, row: CachedRow, askedAt: number): void {
    if (askedAt === this.generation && (row?.seq ?? 0) <= this.maxConfirmedSeq) {
      const [, second, third, fourth] = digest
      this.#entries?.set(keyOf(digest), { second, third, fourth, row })
    }
  }

  forget(digest: Digest): void {
    this.generation++
    if (this.size > 0) this.#entries?.delete(keyOf(digest))
  }

  clear(): void {
    this.generation++
    this.#entries?.clear()
  }
}

/**
 * The first word of a digest. V8 hashes such a number without an allocation, as it would not a string made of
 * all 128 bits. Digests are keyed, so nobody can choose two with the same key; chance makes one pair in about
 * a hundred full caches of 10,000. Whoever uses the key compares the other words.
 */
export const keyOf = (digest: Digest): number => digest[0] ?? 0
