import type { BucketVersionTable } from '../../buckets/version-table.js'
import { chunks } from '../chunks.js'
import type { RedisCommands } from '../connection/commands.js'
import { Backoff } from './backoff.js'
import { VERSION_FIELD } from './bucket-script.js'
import { DelayedVerification } from './delayed-verification.js'
import type { Keys } from './keys.js'
import { pause } from './pause.js'
import type { BucketWriteQueue } from './write-queue.js'

/** Versions asked for at the same time. */
const READS_IN_FLIGHT = 64
/** A pass waits while more buckets than this are queued to be written. */
const MAX_QUEUED_BUCKETS = 32
/** How often it looks whether the queue is shorter, in milliseconds. */
const QUEUE_CHECK_MS = 5
/** Pause after a pass that could not be finished, in milliseconds. */
const RETRY_MS = 500
/** A repair of more than this share of all buckets is a large one. */
const LARGE_REPAIR_SHARE = 0.25

export interface AntiEntropyDeps {
  readonly commands: Pick<RedisCommands, 'available' | 'breaker' | 'send'>
  readonly queue: Pick<BucketWriteQueue, 'queued' | 'repair'>
  readonly versions: Pick<BucketVersionTable, 'bits' | 'isKnown' | 'isCurrent'>
  readonly keys: Pick<Keys, 'bucket'>
}

/**
 * Heals the prefix cache in the background: a pass compares the versions of all buckets in Redis with the
 * version table and has stale ones written again. No answer waits for a pass or relies on one.
 *
 * ```
 *              request, buckets due                nothing left to do
 *   ┌────── idle ──────────────────► running ─────────────────────► idle
 *   │                                ▲     │
 *   │ stop        pause over, request│     │ a pass is requested, and the pause
 *   ▼             'now', buckets due │     ▼ after the last one is not over
 * stopped ◄────────────────────────── waiting
 * ```
 *
 * A request that can't be served (the breaker is open, or the versions are not known) stays noted in state
 * idle. Both ends come with a request 'now': the breaker's closing, and the loading of the versions. `stop`
 * ends any state; a run that is under way ends after the replies that it waits for.
 */
export class AntiEntropy {
  /** Buckets that the last pass, or the one under way, has found current or queued to be written. */
  verified = 0
  readonly #deps: AntiEntropyDeps
  readonly #backoff = new Backoff()
  readonly #delayed = new DelayedVerification(() => this.#wake())
  readonly #stop = new AbortController()
  #state: 'idle' | 'waiting' | 'running' | 'stopped' = 'idle'
  /** Whether a pass is wanted: after the pause of the {@link Backoff}, or now. */
  #request: 'none' | 'soon' | 'now' = 'none'
  /** Ends state waiting. */
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(deps: AntiEntropyDeps) {
    this.#deps = deps
  }

  /**
   * Whether the last pass reached every bucket, what it found is written, and no pass was requested since.
   */
  get complete(): boolean {
    const { versions, queue } = this.#deps
    return this.#request === 'none' && this.verified === 2 ** versions.bits && queue.queued === 0
  }

  /**
   * Requests a pass, because any bucket may be stale.
   *
   * @param when - 'now' skips the pause after the last pass: Redis is back, or the buckets are new. A large
   *   repair is expected then, and the pause after it stays short
   */
  request(when: 'soon' | 'now'): void {
    if (this.#state === 'stopped') return
    if (when === 'now') this.#backoff.reset()
    else this.#backoff.relax()
    this.#note(when)
    this.#wake()
  }

  /** Another engine has changed a bucket: verifies it in some seconds. */
  verifyLater(bucket: number): void {
    if (this.#state !== 'stopped') this.#delayed.add(bucket)
  }

  /**
   * Verifies one bucket. It is for an engine that reads Redis only when the store fails: no check would
   * notice that the server was emptied. Rejects if Redis can't be asked.
   */
  async probeRandomBucket(): Promise<void> {
    const { versions } = this.#deps
    const { bits } = versions
    const bucket = Math.floor(Math.random() * 2 ** bits)
    const version = await this.#readVersion(bucket, bits)
    if (this.#stop.signal.aborted || !versions.isKnown || versions.bits !== bits) return
    if (!versions.isCurrent(bucket, bits, version)) this.readRepair(bucket, version)
  }

  /** Queues a bucket that was read and found stale. `version`: its version in Redis, null if it has none. */
  readRepair(bucket: number, version: Buffer | null): void {
    this.#deps.queue.repair(bucket, version)
    // The bucket is gone, not just behind, so others may be gone as well.
    if (version === null) this.request('soon')
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#stop.abort()
    this.#delayed.stop()
    clearTimeout(this.#timer)
    await this.#running
  }

  /** A request 'now' is not weakened by a later one. */
  #note(when: 'soon' | 'now'): void {
    if (this.#request !== 'now') this.#request = when
  }

  #wake(): void {
    if (this.#state === 'running' || this.#state === 'stopped') return
    clearTimeout(this.#timer)
    this.#state = 'running'
    this.#running = this.#run()
  }

  /** Never rejects: a failed command leaves a request. */
  async #run(): Promise<void> {
    while (this.#state === 'running') {
      const due = this.#delayed.takeDue()
      if (due.length > 0) await this.#verifyDue(due)
      else if (!this.#isPassPossible()) this.#enter('idle')
      else if (this.#request === 'soon' && this.#backoff.remainingMs > 0) this.#enter('waiting')
      else await this.#pass()
    }
  }

  #enter(state: 'idle' | 'waiting'): void {
    this.#state = state
    if (state === 'waiting') this.#timer = setTimeout(() => this.#wake(), this.#backoff.remainingMs).unref()
  }

  #isPassPossible(): boolean {
    const { versions, commands } = this.#deps
    return this.#request !== 'none' && versions.isKnown && commands.breaker.state === 'closed'
  }

  async #verifyDue(buckets: readonly number[]): Promise<void> {
    const stale = await this.#verify(buckets, this.#deps.versions.bits, () => undefined)
    // A pass covers all of them, so which ones were verified is not kept.
    if (stale === undefined) this.#note('soon')
  }

  async #pass(): Promise<void> {
    const { bits } = this.#deps.versions
    const largeRepairExpected = this.#request === 'now'
    this.#request = 'none'
    this.verified = 0
    const stale = await this.#verify(fromRandomStart(2 ** bits), bits, () => this.verified++)
    if (stale !== undefined) {
      this.#backoff.pause(stale > 2 ** bits * LARGE_REPAIR_SHARE && !largeRepairExpected)
      return
    }
    this.#backoff.retryIn(RETRY_MS)
    this.#note('soon')
  }

  /**
   * Compares buckets with the version table and queues the stale ones.
   *
   * @returns how many were stale; undefined if it could not be finished
   */
  async #verify(
    buckets: Iterable<number>,
    bits: number,
    onVerified: () => void,
  ): Promise<number | undefined> {
    const { versions, queue } = this.#deps
    let stale = 0
    for (const chunk of chunks(buckets, READS_IN_FLIGHT)) {
      while (this.#isQueueLong()) await pause(QUEUE_CHECK_MS, this.#stop.signal)
      if (!this.#canVerify(bits)) return undefined
      const replies = await Promise.allSettled(
        chunk.map(async (bucket) => ({ bucket, version: await this.#readVersion(bucket, bits) })),
      )
      for (const reply of replies) {
        if (reply.status === 'rejected' || versions.bits !== bits) return undefined
        const { bucket, version } = reply.value
        if (!versions.isCurrent(bucket, bits, version)) {
          stale++
          queue.repair(bucket, version)
        }
        onVerified()
      }
    }
    return stale
  }

  #canVerify(bits: number): boolean {
    const { commands, versions } = this.#deps
    return commands.available && !this.#stop.signal.aborted && versions.bits === bits
  }

  #isQueueLong(): boolean {
    const { commands, queue } = this.#deps
    return queue.queued > MAX_QUEUED_BUCKETS && commands.available && !this.#stop.signal.aborted
  }

  async #readVersion(bucket: number, bits: number): Promise<Buffer | null> {
    const { commands, keys } = this.#deps
    const value = await commands.send('HGET', keys.bucket(bucket, bits), VERSION_FIELD)
    return Buffer.isBuffer(value) ? value : null
  }
}

/** 0 … count − 1, beginning anywhere: engines that begin a pass at the same time share the work. */
function* fromRandomStart(count: number): Generator<number, void, void> {
  const first = Math.floor(Math.random() * count)
  for (let i = 0; i < count; i++) yield (first + i) % count
}
