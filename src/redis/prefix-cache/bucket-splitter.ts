import { MAX_BUCKET_BITS, SPLIT_ABOVE_ROWS, SPLIT_TARGET_ROWS } from '../../buckets/layout.js'
import type { BucketSource } from '../../ports/bucket-source.js'
import type { Logger } from '../../ports/index.js'
import { chunks, range } from '../chunks.js'
import type { RedisCommands } from '../connection/commands.js'
import type { Keys } from './keys.js'

/** Keys of the old layout that are removed at the same time. */
const UNLINKS_IN_FLIGHT = 64

/** What a {@link BucketSplitter} splits, cleans and calls. */
export interface BucketSplitterDeps {
  readonly source: BucketSource
  readonly commands: Pick<RedisCommands, 'available' | 'send'>
  readonly keys: Keys
  readonly logger: Logger
  /** The store has other buckets now. */
  readonly onSplit: () => void
  /** It has not, and a bucket is still too large. */
  readonly onFailed: () => void
}

/**
 * Has the store split its buckets when one gets too large. Every engine may ask for it; the store does it
 * once.
 *
 * ```
 *   idle ── a bucket is too large ──► splitting ── onSplit ──► cleaning ──► idle
 *                                         └────── onFailed ──────────────────►
 * ```
 *
 * Buckets that are too large in another state than idle are considered again when they are written the next
 * time.
 */
export class BucketSplitter {
  #state: 'idle' | 'splitting' | 'cleaning' = 'idle'
  readonly #deps: BucketSplitterDeps

  constructor(deps: BucketSplitterDeps) {
    this.#deps = deps
  }

  get active(): boolean {
    return this.#state !== 'idle'
  }

  /** Begins a split if a bucket of 2^bits has too many rows. */
  consider(bits: number, rows: number): void {
    if (rows <= SPLIT_ABOVE_ROWS || this.active || bits >= MAX_BUCKET_BITS) return
    this.#state = 'splitting'
    void this.#split(bits, bits + Math.floor(Math.log2(rows / SPLIT_TARGET_ROWS)))
  }

  /** Never rejects. */
  async #split(fromBits: number, toBits: number): Promise<void> {
    const { source, logger, onSplit, onFailed } = this.#deps
    try {
      await source.split(toBits)
      onSplit()
      this.#state = 'cleaning'
      await this.#removeKeys(fromBits)
    } catch (error) {
      logger.warn({ err: error }, 'the buckets of the prefix cache could not be split')
      onFailed()
    } finally {
      this.#state = 'idle'
    }
  }

  /** Nobody reads the old keys any more. Those that can't be removed now expire by themselves. */
  async #removeKeys(bits: number): Promise<void> {
    const { commands, keys } = this.#deps
    for (const some of chunks(range(2 ** bits), UNLINKS_IN_FLIGHT)) {
      if (!commands.available) return
      await Promise.allSettled(some.map((bucket) => commands.send('UNLINK', keys.bucket(bucket, bits))))
    }
  }
}
