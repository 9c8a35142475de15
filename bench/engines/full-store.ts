import { setImmediate } from 'node:timers/promises'
import type { ScanChunk, ScanEnd, StoreContext, StoreInfo } from '#dist/ports/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { EXPIRES_AT } from '../inputs/claims.js'
import type { Random } from '../inputs/random.js'

const CHUNK = 4096

/**
 * A store in memory that is full of random digests: it fills a prefilter with ten million entries within
 * seconds. The random ones are only scanned; what is written to it is read back exactly.
 */
export class FullStore extends MemoryStore {
  readonly #entries: number
  readonly #random: Random

  constructor(entries: number, random: Random) {
    super()
    this.#entries = entries
    this.#random = random
  }

  /** With a key of the run's seed, unless it is told one. */
  override open(context: StoreContext): Promise<StoreInfo> {
    const key = new Uint8Array(this.#random.fill(new Int32Array(4)).buffer)
    return super.open({ ...context, secret: context.secret ?? key })
  }

  override async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    for (let left = this.#entries; left > 0; left -= CHUNK) {
      const count = Math.min(left, CHUNK)
      const digests = this.#random.fill(new Int32Array(count * 4))
      yield { total: this.#entries, digests, expiresAt: new Float64Array(count).fill(EXPIRES_AT) }
      await setImmediate()
    }
    return yield* super.scan(liveAfter)
  }
}
