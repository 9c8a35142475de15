import { setImmediate } from 'node:timers/promises'
import type {
  Committed,
  Digest,
  Mutation,
  Poll,
  Position,
  RevocationStore,
  ScanChunk,
  ScanEnd,
  StoredRow,
  StoreInfo,
  StoreStats,
} from '#dist/ports/index.js'
import { digestOfBytes } from '#dist/token/identify.js'
import { EXPIRES_AT } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'

const CHUNK = 4096

/**
 * A store in memory that is full of random digests: it fills L0 with ten million entries within seconds. What
 * is written to it is kept, and read back exactly; the random ones are only scanned.
 */
export class MemoryStore implements RevocationStore {
  readonly kind = 'memory'
  readonly #entries: number
  readonly #random: Random
  readonly #rows = new Map<string, StoredRow>()
  #seq: number

  constructor(entries: number, random: Random) {
    this.#entries = entries
    this.#seq = entries
    this.#random = random
  }

  open(): Promise<StoreInfo> {
    return Promise.resolve({ id: 'memory', key: new Uint8Array(this.#random.fill(new Int32Array(4)).buffer) })
  }

  get(digest: Digest): StoredRow | undefined {
    return this.#rows.get(digest.join())
  }

  poll(): Poll {
    return { status: 'ok', changes: [], position: this.#position(), more: false }
  }

  async *scan(): AsyncGenerator<ScanChunk, ScanEnd, void> {
    for (let left = this.#entries; left > 0; left -= CHUNK) {
      const count = Math.min(left, CHUNK)
      const digests = this.#random.fill(new Int32Array(count * 4))
      yield { total: this.#entries, digests, expiresAt: new Float64Array(count).fill(EXPIRES_AT) }
      await setImmediate()
    }
    return { position: this.#position(), selectors: [] }
  }

  write(mutations: readonly Mutation[]): Promise<Committed> {
    const written = mutations.map((mutation) => {
      if (mutation.op === 'unrevoke') throw new Error('not needed here')
      const row: StoredRow = { ...mutation, seq: ++this.#seq, revoked: true }
      const digest = digestOfBytes(mutation.digest).join()
      const already = this.#rows.has(digest)
      this.#rows.set(digest, row)
      return { seq: row.seq, expiresAt: row.expiresAt, already }
    })
    return Promise.resolve({ epoch: 'memory', written })
  }

  list(): readonly StoredRow[] {
    return [...this.#rows.values()]
  }

  stats(): StoreStats {
    return { kind: this.kind, id: 'memory', seq: this.#seq }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #position(): Position {
    return { seq: this.#seq, epoch: 'memory' }
  }
}
