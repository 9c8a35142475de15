import { LRUCache } from 'lru-cache'
import type { Digest, StoredRow } from '../ports/index.js'

/** What the store was found to hold for a digest; `null`: nothing. */
export type CachedRow = StoredRow | null

interface Entry {
  readonly row: CachedRow
}

/**
 * Exact answers of the store to what L0 could not rule out, so that neither the unlucky token that collides in the
 * filter nor a replayed revoked one asks the store each time. An entry may be used only while the lease is live: every
 * change that the lease vouches for has been {@link VerdictCache.forget}ten here.
 */
export class VerdictCache {
  readonly capacity: number
  /** Grows with every change that is forgotten: an answer asked for at an older stamp may be older than that change. */
  generation = 0
  /** Number of the newest change that is known to be of the store's history: a newer row may be of one that is no more by the next poll. */
  maxConfirmedSeq = 0
  readonly #entries: LRUCache<string, Entry> | undefined

  constructor(capacity: number) {
    this.capacity = capacity
    this.#entries = capacity === 0 ? undefined : new LRUCache({ max: capacity })
  }

  get size(): number {
    return this.#entries?.size ?? 0
  }

  /** `undefined`: not known here. */
  get(digest: Digest): CachedRow | undefined {
    return this.#entries?.get(keyOf(digest))?.row
  }

  /**
   * Keeps an answer of the store. `askedAt`: the {@link VerdictCache.generation} before it was asked; where it has grown
   * since, a change may have been applied that the answer does not know of, and the answer is not kept. Nor is one ahead of the
   * {@link VerdictCache.maxConfirmedSeq}.
   */
  set(digest: Digest, row: CachedRow, askedAt: number): void {
    if (askedAt === this.generation && (row?.seq ?? 0) <= this.maxConfirmedSeq)
      this.#entries?.set(keyOf(digest), { row })
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

/** The 128 bits as eight UTF-16 units: a short string that V8 hashes once. */
export function keyOf(digest: Digest): string {
  const [a, b, c, d] = digest
  return String.fromCharCode(
    a & 0xffff,
    a >>> 16,
    b & 0xffff,
    b >>> 16,
    c & 0xffff,
    c >>> 16,
    d & 0xffff,
    d >>> 16,
  )
}
