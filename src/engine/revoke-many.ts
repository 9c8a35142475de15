import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BulkReceipt } from '../api.js'
import type { Written } from '../ports/index.js'
import type { RevokeMutation } from './revocation-request.js'

/** Entries that are written together: a store commits large batches at a lower cost per entry. */
const BATCH_ENTRIES = 4096
/** Batches in flight of all calls: 57,344 entries, less than half of what the SQLite store allows to wait. */
const MAX_BATCHES_IN_FLIGHT = 14
/** Milliseconds for which entries are read before the event loop turns. */
const SLICE_MS = 8
/** Entries between two looks at the clock. */
const CLOCK_EVERY = 64

/** What Redis has of a commit. */
export type Published = BulkReceipt['redis']

/** A durable commit, and whether Redis has it. */
export interface Done {
  readonly written: readonly Written[]
  readonly published: Promise<Published>
}

/** An entry of revokeMany: what to write, or why it is left out. */
export type ReadEntry = RevokeMutation | 'expired' | 'invalid'

/** The numbers of a {@link BulkReceipt}. */
type Totals = Pick<BulkReceipt, 'seq' | 'count' | 'already' | 'expired' | 'invalid' | 'redis'>

/** What {@link BulkWriter} needs. */
export interface BulkWriterOptions {
  readonly commit: (mutations: readonly RevokeMutation[]) => Promise<Done>
  /** The batches in flight of all calls, which share one limit so that the store refuses none of them. */
  readonly inFlight: Set<Promise<void>>
  /** What the receipt says of Redis unless a batch is queued. */
  readonly redis: Published
  /** Called after each commit with the number of revocations written so far. */
  readonly onProgress: ((count: number) => void) | undefined
}

/** One call of revokeMany: collects entries into batches, writes these in order and counts the results. */
export class BulkWriter {
  readonly #options: BulkWriterOptions
  readonly #totals: { -readonly [Name in keyof Totals]: Totals[Name] }
  #batch: RevokeMutation[] = []
  /** The writes of this call, oldest first, that were not yet awaited. Several may have settled. */
  readonly #writes: Promise<void>[] = []
  #entries = 0
  #turnedAt = performance.now()

  constructor(options: BulkWriterOptions) {
    this.#options = options
    this.#totals = { seq: 0, count: 0, already: 0, expired: 0, invalid: 0, redis: options.redis }
  }

  /** The results of all batches committed so far. */
  get totals(): Totals {
    return this.#totals
  }

  /**
   * Takes the next entry.
   *
   * @returns what to await before the next call, if anything; it rejects when an earlier batch could not be
   * written
   */
  add(entry: ReadEntry): Promise<void> | undefined {
    this.#entries++
    if (typeof entry === 'string') this.#totals[entry]++
    else this.#batch.push(entry)
    if (this.#batch.length === BATCH_ENTRIES) return this.#send()
    if (this.#entries % CLOCK_EVERY !== 0 || performance.now() - this.#turnedAt <= SLICE_MS) return undefined
    return this.#turn()
  }

  /** Writes the rest; resolves once everything is durable, rejects when a batch could not be written. */
  async finish(): Promise<void> {
    if (this.#batch.length > 0) await this.#send()
    await Promise.all(this.#writes)
  }

  async #send(): Promise<void> {
    const { inFlight } = this.#options
    const mutations = this.#batch
    this.#batch = []
    while (inFlight.size >= MAX_BATCHES_IN_FLIGHT) await Promise.race(inFlight)
    const write = this.#write(mutations)
    this.#writes.push(write)
    // The set never rejects. A failure is reported when the write itself is awaited.
    const settled = write.catch(() => undefined).finally(() => inFlight.delete(settled))
    inFlight.add(settled)
    if (this.#writes.length > MAX_BATCHES_IN_FLIGHT) await this.#writes.shift()
    await this.#turn()
  }

  async #write(mutations: readonly RevokeMutation[]): Promise<void> {
    const { written, published } = await this.#options.commit(mutations)
    this.#totals.count += mutations.length
    for (const { already } of written) if (already) this.#totals.already++
    this.#totals.seq = written.at(-1)?.seq ?? this.#totals.seq
    this.#options.onProgress?.(this.#totals.count)
    if ((await published) === 'queued') this.#totals.redis = 'queued'
  }

  /** A synchronous iterable alone would hold up checks and the lease until its end. */
  async #turn(): Promise<void> {
    await nextTurn()
    this.#turnedAt = performance.now()
  }
}

/** Whether a value can be the entries of revokeMany. */
export function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}
