import { isRefusal, type RedisCommands } from '../connection/commands.js'
import { BackgroundPace } from './background-pace.js'
import type { BucketSplitter } from './bucket-splitter.js'
import { type BucketWriter, type ExpectedVersion, NO_VERSION } from './bucket-writer.js'
import { pause } from './pause.js'
import { Signal } from './signal.js'
import { type WriteTask, WriteTasks } from './write-tasks.js'

/** Buckets of commits that are written at the same time. */
const COMMIT_WRITES_IN_FLIGHT = 16
/** Buckets that are written at the same time in the background: they share one connection with commits. */
const BACKGROUND_WRITES_IN_FLIGHT = 4
/** Pause of all writes after a refusal (no memory, a replica), in milliseconds. */
const REFUSAL_PAUSE_MS = 1000
/** Pause while too many commands are in flight, in milliseconds. */
const BUSY_PAUSE_MS = 20
/** What a {@link BucketWriteQueue} writes with. */
export interface BucketWriteQueueDeps {
  readonly commands: Pick<RedisCommands, 'available' | 'breaker'>
  readonly writer: Pick<BucketWriter, 'bringUpToDate'>
  readonly splitter: Pick<BucketSplitter, 'consider'>
  /** The number of buckets is 2^bits. */
  readonly bits: () => number
}

/**
 * The buckets that are to be written to Redis. Each waits once, however often it changes. Two loops write
 * them:
 *
 * ```
 *   changed ─────► #urgent ─────► commit loop:      wait for its signal ─► write up to 16 ─┐
 *                  │  ▲ a commit                         ▲     └─ nothing to write ◄───────┘
 *   can't be       │  │ takes it over                    └──────────┘
 *   written now    ▼  │
 *   repair ──────► #background ─► background loop:  wait for its signal ─► write up to 4 ──► idle ─┐
 *   changed (bulk)                                       ▲     └─ nothing to write, or commits ◄───┘
 *                                                        └──────────┘  are being written
 * ```
 *
 * The loops end their round when the server can't be written: the breaker is open, the server refused a
 * write, or too many commands are in flight. What waits then goes to `#background`; a timer or {@link
 * BucketWriteQueue.run} signals the loops again. A commit never waits for a background write, except for one
 * of the same bucket.
 */
export class BucketWriteQueue {
  /** Buckets written since the start. */
  written = 0
  /** Why the server refused the last write; undefined once it has accepted one. */
  refusal: string | undefined
  readonly #deps: BucketWriteQueueDeps
  readonly #urgent = new WriteTasks()
  readonly #background = new WriteTasks()
  /** Buckets that are being written. */
  readonly #inFlight = new Set<number>()
  readonly #commitSignal = new Signal()
  readonly #backgroundSignal = new Signal()
  readonly #stop = new AbortController()
  readonly #pace = new BackgroundPace()
  readonly #loops: Promise<unknown>
  #committing = false
  /** By `performance.now()`. */
  #pausedUntil = 0
  #timer: NodeJS.Timeout | undefined

  constructor(deps: BucketWriteQueueDeps) {
    this.#deps = deps
    this.#loops = Promise.all([this.#writeCommits(), this.#writeBackground()])
  }

  /** Buckets that wait or are being written. One that does both counts once. */
  get queued(): number {
    let { size } = this.#urgent
    for (const bucket of this.#inFlight)
      if (!this.#urgent.has(bucket) && !this.#background.has(bucket)) size++
    return size + this.#background.size
  }

  /**
   * Queues a bucket that the store has just committed to.
   *
   * @param assumed - its version before the commit, undefined if it is not known
   * @param bulk - the commit changed many buckets: write them in the background
   * @returns whether the bucket was written at the first try. Never rejects
   */
  changed(bucket: number, assumed: Buffer | undefined, bulk: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const task: WriteTask = { expected: { version: assumed, observed: false }, waiters: [resolve] }
      if (bulk && !this.#urgent.has(bucket)) {
        this.#background.add(bucket, task)
      } else {
        const waiting = this.#background.take(bucket)
        if (waiting !== undefined) this.#urgent.add(bucket, waiting)
        this.#urgent.add(bucket, task)
      }
      this.run()
    })
  }

  /** Queues a bucket that is stale in Redis. `version`: its version there, null if it has none. */
  repair(bucket: number, version: Buffer | null): void {
    this.#retry(bucket, { version: version ?? NO_VERSION, observed: true })
    this.run()
  }

  /** Signals the loops: something waits, or Redis can be written again. They begin in a later microtask. */
  run(): void {
    this.#commitSignal.notify()
    this.#backgroundSignal.notify()
  }

  /** Drops all buckets that wait, because a split has given their numbers to other buckets. */
  forget(): void {
    this.#urgent.clear()
    this.#background.clear()
  }

  /** Stops the loops. Resolves when no write is in flight. */
  async stop(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    this.run()
    await this.#loops
    this.forget()
  }

  async #writeCommits(): Promise<void> {
    while (!this.#stopped) {
      await this.#commitSignal.wait()
      this.#committing = true
      while (this.#urgent.size > 0) {
        if (!this.#canWrite()) {
          this.#postpone()
          break
        }
        const writes = this.#take(this.#urgent, COMMIT_WRITES_IN_FLIGHT)
        if (writes.length === 0) break // all are in flight in the background: the end of one signals
        await Promise.all(writes)
      }
      this.#committing = false
      this.#backgroundSignal.notify()
    }
  }

  async #writeBackground(): Promise<void> {
    while (!this.#stopped) {
      await this.#backgroundSignal.wait()
      while (this.#isCommitFree() && this.#background.size > 0) {
        if (!this.#canWrite()) {
          this.#postpone()
          break
        }
        const writes = this.#take(this.#background, BACKGROUND_WRITES_IN_FLIGHT, this.#pace.begin())
        this.#pace.end()
        if (writes.length === 0) break
        const failed = !(await Promise.all(writes)).includes(true)
        const pauseMs = this.#pace.pauseMs(failed)
        if (failed || this.#isCommitFree()) await pause(pauseMs, this.#stop.signal)
      }
    }
  }

  /** Whether no commit waits or is being written. */
  #isCommitFree(): boolean {
    return this.#urgent.size === 0 && !this.#committing
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted
  }

  #canWrite(): boolean {
    return !this.#stopped && this.#deps.commands.available && performance.now() >= this.#pausedUntil
  }

  /** Tells the waiting commits that they are not written yet, and has the loops signalled later. */
  #postpone(): void {
    for (const [bucket, { expected, waiters }] of this.#urgent) {
      for (const resolve of waiters) resolve(false)
      this.#background.add(bucket, { expected, waiters: [] })
    }
    this.#urgent.clear()
    // If the breaker is open, its closing calls run().
    if (this.#stopped || this.#deps.commands.breaker.state !== 'closed') return
    this.#runIn(Math.max(BUSY_PAUSE_MS, this.#pausedUntil - performance.now()))
  }

  /** One timer at a time. */
  #runIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.run()
    }, ms).unref()
  }

  /**
   * Begins writes of at most `max` buckets that are not in flight; after the first one, none that begins
   * later than `until`.
   */
  #take(queue: WriteTasks, max: number, until = Infinity): Promise<boolean>[] {
    const writes: Promise<boolean>[] = []
    for (const [bucket, task] of queue) {
      if (writes.length === max || (writes.length > 0 && performance.now() > until)) break
      if (this.#inFlight.has(bucket)) continue
      queue.take(bucket)
      this.#inFlight.add(bucket)
      writes.push(this.#write(bucket, task, queue === this.#background))
    }
    return writes
  }

  /** Never rejects: what fails is queued again. @returns false if it failed */
  async #write(bucket: number, { expected, waiters }: WriteTask, background: boolean): Promise<boolean> {
    let written = false
    let failed = true
    try {
      const { writer, splitter } = this.#deps
      const bits = this.#deps.bits()
      const result = await writer.bringUpToDate(bucket, bits, expected, background)
      if (result.kind !== 'layout-changed') splitter.consider(bits, result.rows)
      failed = result.kind === 'conflict'
      if (result.kind === 'conflict') this.#retry(bucket, result.expected)
      written = result.kind === 'written'
      if (written) this.written++
      this.refusal = undefined
    } catch (error) {
      if (isRefusal(error)) this.#pause(error)
      // The breaker handles a server that can't be reached.
      this.#retry(bucket, expected)
    } finally {
      this.#inFlight.delete(bucket)
      // It may have been queued again during the write.
      this.run()
      for (const resolve of waiters) resolve(written)
    }
    return !failed
  }

  /** Queues a bucket in the background, unless a commit has queued it already. */
  #retry(bucket: number, expected: ExpectedVersion): void {
    if (!this.#urgent.has(bucket)) this.#background.add(bucket, { expected, waiters: [] })
  }

  #pause(refusal: Error): void {
    this.refusal = refusal.message
    this.#pausedUntil = performance.now() + REFUSAL_PAUSE_MS
    this.#runIn(REFUSAL_PAUSE_MS)
  }
}
