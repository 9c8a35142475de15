import { MAX_BUCKET_BITS, SPLIT_ABOVE_ROWS, SPLIT_TARGET_ROWS } from '../../buckets/layout.js'
import type { BucketSource } from '../../ports/bucket-source.js'
import type { Logger } from '../../ports/index.js'
import type { RedisCommands } from '../connection/commands.js'
import type { Keys } from './keys.js'

/** Keys removed at a time. */
const AT_A_TIME = 64

export interface BucketSplitterDeps {
  readonly source: BucketSource
  readonly commands: RedisCommands
  readonly keys: Keys
  readonly logger: Logger
  /** The store has other buckets now. */
  readonly onDivided: () => void
  /** It has not, and a bucket is too large still. */
  readonly onFailed: () => void
}

/** Has the store divide its buckets when they get too large. All engines may ask for it; the store does it once. */
export class BucketSplitter {
  underWay = false
  readonly #deps: BucketSplitterDeps

  constructor(deps: BucketSplitterDeps) {
    this.#deps = deps
  }

  /** `rows`: of a bucket of 2^bits. */
  consider(bits: number, rows: number): void {
    if (rows <= SPLIT_ABOVE_ROWS || this.underWay || bits >= MAX_BUCKET_BITS) return
    this.underWay = true
    this.#divide(bits, bits + Math.floor(Math.log2(rows / SPLIT_TARGET_ROWS)))
      .catch((error: unknown) => {
        this.#deps.logger.warn({ err: error }, 'the buckets of the Redis layer could not be divided')
        this.#deps.onFailed()
      })
      .finally(() => {
        this.underWay = false
      })
  }

  async #divide(from: number, to: number): Promise<void> {
    const { source, commands, keys, onDivided } = this.#deps
    await source.split(to)
    onDivided()
    // Nobody reads the undivided buckets any more. What is left of them, their expiry takes.
    for (let bucket = 0; bucket < 2 ** from && commands.available; bucket += AT_A_TIME) {
      const some = Array.from({ length: Math.min(AT_A_TIME, 2 ** from - bucket) }, (_, i) =>
        keys.bucket(bucket + i, from),
      )
      await Promise.allSettled(some.map((key) => commands.send('UNLINK', key)))
    }
  }
}
