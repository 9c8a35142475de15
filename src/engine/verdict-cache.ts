import { LRUCache } from 'lru-cache'
import type { Digest, StoredRow } from '../ports/index.js'

/** The row that the store holds for a digest, or `null` if none. */
export type CachedRow = StoredRow | null

interface Entry {
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
  readonly #entries: LRUCache<string, Entry> | undefined

  constructor(capacity: number) {
    this.capacity = capacity
    this.#entries = capacity === 0 ? undefined : new LRUCache({ max: capacity })
  }

  get size(): number {
    return this.#entries?.size ?? 0
  }

  /** The answer for a digest; `undefined` if none is cached. */
  get(digest: Digest): CachedRow | undefined {
    return this.#entries?.get(keyOf(digest))?.row
  }

  /**
   * Keeps an answer of the store, unless a change was applied since it was asked for or its row is newer than
   * {@link VerdictCache.maxConfirmedSeq}.
   *
   * @param askedAt - the {@link VerdictCache.generation} before the store was asked
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
  const [a = 0, b = 0, c = 0, d = 0] = digest
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
