import { MAX_BUCKET_BITS, type BucketRead, type BucketSource } from '../buckets.js'
import { decodeVersion, encodeVersion } from '../known-versions.js'
import type { Logger } from '../ports.js'
import { messageOf } from './breaker.js'
import { type RedisCommands, isRefusal } from './commands.js'
import { encodeField, fieldOfBytes, type Keys } from './keys.js'

/** Buckets that are written at a time. */
const AT_A_TIME = 16
/** Compare-and-set is tried so often before a bucket has to wait for its next turn. */
const ATTEMPTS = 5
/** Rows of a bucket past which the store divides its buckets, and what a part should have then: a hash stays one small block. */
const MOST_ROWS = 256
const FEWEST_ROWS = 64
/** A key outlives what is in it by so long, and lives no shorter where nothing is. */
const SPARE_SECONDS = 3600
/** After the server has refused a write (no memory, a replica), nothing is written for so long. */
const PAUSE_MS = 1000
/** After there was no room for more commands. */
const BUSY_MS = 20
/** Background work takes a fifth of the time at most. */
const REST = 4

/** What is thought to be in Redis: seen there, or only presumed (`undefined`: no idea). An empty version: no key. */
interface Belief {
  readonly version: Uint8Array | undefined
  readonly seen: boolean
}

interface Task {
  belief: Belief
  readonly waiters: ((written: boolean) => void)[]
}

const NOTHING = new Uint8Array(0)

export interface PublisherDeps {
  readonly commands: RedisCommands
  readonly source: BucketSource
  readonly keys: Keys
  readonly logger: Logger
  readonly clock: { now(): number }
  /** The number of buckets, 2^bits. */
  readonly bits: () => number
  /** Called where the store divides its buckets: their versions must be loaded anew. */
  readonly onDivided: () => void
}

/**
 * Writes buckets to Redis: each from one snapshot of the store, by compare-and-set from the version that is there. It is
 * idempotent and any engine may do it for any other. A bucket is queued once, however often it changes.
 *
 * A conflict says what is there. The snapshot that is read after that is at least as new as anything that the store's own
 * history can have put there; so what still differs is behind, or of a history that is no more, and is overwritten.
 */
export class Publisher {
  written = 0
  conflicts = 0
  /** Why the server refused the last write, while it does. */
  refusal: string | undefined
  readonly #deps: PublisherDeps
  readonly #urgent = new Map<number, Task>()
  readonly #background = new Map<number, Task>()
  readonly #busy = new Set<number>()
  #running: Promise<void> = Promise.resolve()
  #active = false
  #pausedUntil = 0
  #dividing = false
  #stopped = false

  constructor(deps: PublisherDeps) {
    this.#deps = deps
  }

  /** Buckets that wait or are being written. */
  get queued(): number {
    return this.#urgent.size + this.#background.size + this.#busy.size
  }

  /** For the store has just committed to this bucket. `presumed`: the version before. Resolves whether it was written this time. */
  changed(bucket: number, presumed: Uint8Array | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = this.#background.get(bucket)
      this.#background.delete(bucket)
      this.#enqueue(this.#urgent, bucket, { belief: waiting?.belief ?? { version: presumed, seen: false }, waiters: [...(waiting?.waiters ?? []), resolve] })
      this.run()
    })
  }

  /** For a bucket was seen in Redis that does not hold what it should. `version`: as it was seen, null where there was none. */
  repair(bucket: number, version: Uint8Array | null): void {
    if (this.#urgent.has(bucket)) return
    this.#enqueue(this.#background, bucket, { belief: { version: version ?? NOTHING, seen: true }, waiters: [] })
    this.run()
  }

  /** Goes on with what waits. Whoever finds that Redis can be written again calls it. */
  run(): void {
    if (this.#active || this.#stopped) return
    this.#active = true
    this.#running = this.#work()
  }

  /** The numbers of buckets mean others now. */
  forget(): void {
    for (const queue of [this.#urgent, this.#background]) {
      for (const { waiters } of queue.values()) for (const resolve of waiters) resolve(false)
      queue.clear()
    }
  }

  /** Takes nothing up any more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    this.forget()
  }

  #enqueue(queue: Map<number, Task>, bucket: number, task: Task): void {
    const waiting = queue.get(bucket)
    if (waiting === undefined) queue.set(bucket, task)
    else waiting.waiters.push(...task.waiters)
  }

  /** Nothing throws out of here: each task settles by itself. */
  async #work(): Promise<void> {
    // Not in the turn of the caller, whose versions move first.
    await Promise.resolve()
    for (let round = this.#nextRound(); round !== undefined; round = this.#nextRound()) await round
    // In the turn that found nothing left to do: what comes after it finds nobody at work.
    this.#active = false
  }

  /** Begins the next few writes; undefined where there is nothing to do, or nothing can be done. */
  #nextRound(): Promise<unknown> | undefined {
    if (this.#stopped) return undefined
    if (!this.#deps.commands.available || performance.now() < this.#pausedUntil) {
      this.#postpone()
      return undefined
    }
    const urgent = this.#take(this.#urgent)
    if (urgent.length > 0) return Promise.all(urgent)
    const begun = performance.now()
    const background = this.#take(this.#background)
    if (background.length === 0) return undefined
    const restMs = (performance.now() - begun) * REST
    // A process that has nothing else to do may end meanwhile.
    return Promise.all(background).then(() => new Promise((resolve) => setTimeout(resolve, this.#urgent.size === 0 ? restMs : 0).unref()))
  }

  /** What can't be written now is written when the server is back; nobody waits for that. */
  #postpone(): void {
    for (const [bucket, { belief, waiters }] of this.#urgent) {
      for (const resolve of waiters) resolve(false)
      this.#enqueue(this.#background, bucket, { belief, waiters: [] })
    }
    this.#urgent.clear()
    // Where the breaker has opened, its closing is what goes on. Here only the room was short.
    if (this.#deps.commands.breaker.state === 'closed') this.#runIn(BUSY_MS)
  }

  #runIn(ms: number): void {
    setTimeout(() => this.run(), ms).unref()
  }

  #take(queue: Map<number, Task>): Promise<void>[] {
    const taken: Promise<void>[] = []
    for (const [bucket, task] of queue) {
      if (taken.length === AT_A_TIME) break
      if (this.#busy.has(bucket)) continue
      queue.delete(bucket)
      this.#busy.add(bucket)
      taken.push(this.#push(bucket, task))
    }
    return taken
  }

  async #push(bucket: number, task: Task): Promise<void> {
    let written = false
    try {
      written = await this.#bringUpToDate(bucket, task)
      if (written) this.written++
      this.refusal = undefined
    } catch (error) {
      if (isRefusal(error)) this.#pause(error)
      // It stays queued. Whether the server can be reached at all is the breaker's to tell.
      this.#enqueue(this.#background, bucket, { belief: task.belief, waiters: [] })
    } finally {
      this.#busy.delete(bucket)
      for (const resolve of task.waiters) resolve(written)
    }
  }

  /** Whether the bucket is in Redis as the store has it. */
  async #bringUpToDate(bucket: number, task: Task): Promise<boolean> {
    const { source, keys } = this.#deps
    const bits = this.#deps.bits()
    let whole = false
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { version: from = NOTHING, seen } = task.belief
      const reply = source.read(bucket, bits, whole ? undefined : decodeVersion(from))
      const read = reply instanceof Promise ? await reply : reply
      if (read.status === 'divided') {
        this.#deps.onDivided()
        return false
      }
      if (read.rows > MOST_ROWS) this.#divide(bits, read.rows)
      if (read.status === 'crowded') return false
      const to = encodeVersion(read.version)
      if (seen && to.equals(from)) return true
      const answer = await this.#deps.commands.runBucketScript(keys.bucket(bucket, bits), this.#arguments(read, from, to))
      const [code, there] = Array.isArray(answer) ? (answer as unknown[]) : []
      if (code === 1) return true
      if (code === 2) whole = true
      else this.conflicts++
      task.belief = { version: code === 2 ? to : there instanceof Uint8Array ? there : NOTHING, seen: code === 0 }
    }
    // Others write it all the time: it gets another turn.
    this.#enqueue(this.#background, bucket, { belief: task.belief, waiters: [] })
    return false
  }

  #arguments(read: Extract<BucketRead, { status: 'ok' }>, from: Uint8Array, to: Uint8Array): (string | number | Uint8Array)[] {
    const now = this.#deps.clock.now() / 1000
    const removed: Uint8Array[] = []
    const set: Uint8Array[] = []
    let expiresAt = now
    for (const entry of read.entries) {
      const field = fieldOfBytes(entry.digest)
      if (!entry.revoked) {
        removed.push(field)
        continue
      }
      set.push(field, encodeField(entry))
      expiresAt = Math.max(expiresAt, entry.expiresAt)
    }
    const ttlMs = Math.ceil((expiresAt - now + SPARE_SECONDS) * 1000)
    const mostFields = Math.ceil(read.rows * 1.25) + AT_A_TIME
    return [from, to, ttlMs, read.whole ? 1 : 0, mostFields, removed.length, ...removed, ...set]
  }

  #divide(bits: number, rows: number): void {
    if (this.#dividing || this.#stopped || bits >= MAX_BUCKET_BITS) return
    this.#dividing = true
    const further = Math.max(1, Math.ceil(Math.log2(rows / FEWEST_ROWS)))
    this.#deps.source.divide(bits + further)
      .then(() => this.#deps.onDivided())
      .catch((error: unknown) => this.#deps.logger.warn({ err: error }, 'the buckets of the Redis layer could not be divided'))
      .finally(() => {
        this.#dividing = false
      })
  }

  #pause(error: Error): void {
    this.refusal = error.message
    this.#pausedUntil = performance.now() + PAUSE_MS
    this.#runIn(PAUSE_MS)
    this.#deps.logger.debug({ err: messageOf(error) }, 'Redis refuses writes')
  }
}
