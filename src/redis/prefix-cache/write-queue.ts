import { isRefusal, type RedisCommands } from '../connection/commands.js'
import type { BucketSplitter } from './bucket-splitter.js'
import { type Belief, type BucketWriter, NOTHING } from './bucket-writer.js'

/** Buckets that are written at a time. */
const AT_A_TIME = 16
/** In the background fewer: they take turns with commits at one connection. */
const BACKGROUND_AT_A_TIME = 4
/** After the server has refused a write (no memory, a replica), nothing is written for so long. */
const PAUSE_MS = 1000
/** After there was no room for more commands. */
const BUSY_MS = 20
/**
 * What the event loop reads from the store in the background takes a fifth of the time at most, and so long at a stretch, in milliseconds:
 * checks come in between. Whole buckets are read elsewhere by a store that can.
 */
const REST = 4
const STRETCH_MS = 1

interface Task {
  readonly belief: Belief
  readonly waiters: ((written: boolean) => void)[]
}

export interface BucketWriteQueueDeps {
  readonly commands: Pick<RedisCommands, 'available' | 'breaker'>
  readonly writer: BucketWriter
  readonly division: BucketSplitter
  /** The number of buckets, 2^bits. */
  readonly bits: () => number
}

/**
 * The queue of the buckets that are to be written to Redis: each once, however often it changes, those of commits that somebody
 * waits for first.
 */
export class BucketWriteQueue {
  written = 0
  /** Why the server refused the last write, while it does. */
  refusal: string | undefined
  readonly #deps: BucketWriteQueueDeps
  readonly #urgent = new Map<number, Task>()
  readonly #background = new Map<number, Task>()
  readonly #busy = new Set<number>()
  #running: Promise<void> = Promise.resolve()
  #active = false
  /** What is written in the background now, and the rest after it. */
  #inBackground: Promise<void> | undefined
  #onUrgent: () => void = () => undefined
  #endRest: () => void = () => undefined
  #pausedUntil = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(deps: BucketWriteQueueDeps) {
    this.#deps = deps
  }

  /** Buckets that wait or are being written; one that is being written may wait for its next turn already. */
  get queued(): number {
    const writing = [...this.#busy].filter(
      (bucket) => !this.#urgent.has(bucket) && !this.#background.has(bucket),
    )
    return this.#urgent.size + this.#background.size + writing.length
  }

  /**
   * For the store has just committed to this bucket. `presumed`: the version before. `bulk`: there are many, and nobody is kept
   * waiting. Resolves whether it was written this time.
   */
  changed(bucket: number, presumed: Buffer | undefined, bulk: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const task: Task = { belief: { version: presumed, seen: false }, waiters: [resolve] }
      if (bulk && !this.#urgent.has(bucket)) {
        this.#enqueue(this.#background, bucket, task)
      } else {
        const waiting = this.#background.get(bucket)
        this.#background.delete(bucket)
        if (waiting !== undefined) this.#enqueue(this.#urgent, bucket, waiting)
        this.#enqueue(this.#urgent, bucket, task)
        this.#onUrgent()
      }
      this.run()
    })
  }

  /** For a bucket was seen in Redis that does not hold what it should. `version`: as it was seen, null where there was none. */
  repair(bucket: number, version: Buffer | null): void {
    this.#again(bucket, { version: version ?? NOTHING, seen: true })
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
    clearTimeout(this.#timer)
    this.#endRest()
    await this.#running
    await this.#inBackground
    this.forget()
  }

  /** Another turn, when there is time. It may have been changed meanwhile: then it has one already. */
  #again(bucket: number, belief: Belief): void {
    if (!this.#urgent.has(bucket)) this.#enqueue(this.#background, bucket, { belief, waiters: [] })
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

  /** Begins the next few writes, and says when to look again; undefined where there is nothing to do, or nothing can be done. */
  #nextRound(): Promise<unknown> | undefined {
    if (this.#stopped) return undefined
    if (!this.#deps.commands.available || performance.now() < this.#pausedUntil) {
      this.#postpone()
      // What is under way may come back into the queue.
      return this.#inBackground
    }
    const urgent = this.#take(this.#urgent, AT_A_TIME)
    if (urgent.length > 0) return Promise.all(urgent)
    this.#inBackground ??= this.#takeBackground()
    // A commit does not wait for what nobody waits for.
    return (
      this.#inBackground &&
      Promise.race([this.#inBackground, new Promise<void>((resolve) => (this.#onUrgent = resolve))])
    )
  }

  #takeBackground(): Promise<void> | undefined {
    const begun = performance.now()
    const background = this.#take(this.#background, BACKGROUND_AT_A_TIME, begun + STRETCH_MS)
    if (background.length === 0) return undefined
    const restMs = (performance.now() - begun) * REST
    return Promise.all(background)
      .then(() => this.#rest(restMs))
      .finally(() => {
        this.#inBackground = undefined
      })
  }

  /** Commits are written meanwhile. A process that has nothing else to do may end. */
  async #rest(ms: number): Promise<void> {
    if (this.#urgent.size > 0 || this.#stopped) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#endRest = resolve
      timer = setTimeout(resolve, ms).unref()
    })
    clearTimeout(timer)
  }

  /** What can't be written now is written when the server is back; nobody waits for that. */
  #postpone(): void {
    for (const [bucket, { belief, waiters }] of this.#urgent) {
      for (const resolve of waiters) resolve(false)
      this.#enqueue(this.#background, bucket, { belief, waiters: [] })
    }
    this.#urgent.clear()
    // Where the breaker has opened, its closing is what goes on. Here only the room was short, or the server refuses.
    if (this.#deps.commands.breaker.state === 'closed')
      this.#runIn(Math.max(BUSY_MS, this.#pausedUntil - performance.now()))
  }

  /** However much comes to wait, one timer wakes it. */
  #runIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.run()
    }, ms).unref()
  }

  #take(queue: Map<number, Task>, atMost: number, until = Infinity): Promise<void>[] {
    const taken: Promise<void>[] = []
    for (const [bucket, task] of queue) {
      if (taken.length === atMost || (taken.length > 0 && performance.now() > until)) break
      if (this.#busy.has(bucket)) continue
      queue.delete(bucket)
      this.#busy.add(bucket)
      taken.push(this.#push(bucket, task, queue === this.#background))
    }
    return taken
  }

  async #push(bucket: number, { belief, waiters }: Task, background: boolean): Promise<void> {
    const { writer, division, bits } = this.#deps
    const of = bits()
    let written = false
    try {
      const outcome = await writer.bringUpToDate(bucket, of, belief, background)
      if (outcome.rows !== undefined) division.consider(of, outcome.rows)
      written = outcome.written
      if (written) this.written++
      // Others write it all the time: it gets another turn.
      else if (outcome.belief !== undefined) this.#again(bucket, outcome.belief)
      this.refusal = undefined
    } catch (error) {
      if (isRefusal(error)) this.#pause(error)
      // It stays queued. Whether the server can be reached at all is the breaker's to tell.
      this.#again(bucket, belief)
    } finally {
      this.#busy.delete(bucket)
      if (this.#urgent.has(bucket)) this.#onUrgent()
      for (const resolve of waiters) resolve(written)
    }
  }

  #pause(error: Error): void {
    this.refusal = error.message
    this.#pausedUntil = performance.now() + PAUSE_MS
    this.#runIn(PAUSE_MS)
  }
}
