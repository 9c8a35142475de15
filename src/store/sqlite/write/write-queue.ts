import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { Committed, Mutation, Written } from '../../../ports/index.js'
import { toRevocadeError, unpackError } from '../errors.js'
import type { ConnectOptions } from '../file/open-writer.js'
import { startThread } from '../thread.js'
import type { Chore, FromWriter, ToWriter, WriterReady } from '../thread-messages.js'
import type { BatchResult } from './commit.js'
import { isRecyclable, Packer } from './mutation-codec.js'

/** Mutations that may wait for a commit, some 200 bytes each. Past that, writes are refused instead of queued. */
const MAX_WAITING = 131_072
/**
 * A batch takes whole writes until it has this many mutations: about 0.3 s of commit. Their digests are random, so a
 * commit writes nearly every page of a large index anew: four times the batch is a fifth of the writing.
 */
const BATCH_MUTATIONS = 32_768

interface Waiter {
  readonly count: number
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: RevocadeError) => void
}

interface Batch {
  readonly packer: Packer
  readonly waiters: Waiter[]
}

interface Doing {
  readonly promise: Promise<number>
  readonly resolve: (changed: number) => void
  readonly reject: (error: RevocadeError) => void
}

/**
 * The write queue: group commit on a thread of its own. At most one batch is being committed; everything that
 * arrives meanwhile is packed into the next, so a slow fsync makes batches larger, not the queue longer.
 */
export class Writer {
  #options: ConnectOptions
  #worker: Worker | undefined
  #ready: Promise<WriterReady> | undefined
  #inFlight: Batch | undefined
  readonly #queue: Batch[] = []
  #flushing = false
  #spare: ArrayBuffer | undefined
  readonly #chores = new Map<Chore['type'], Doing>()
  #idle: (() => void) | undefined
  #retired: RevocadeError | undefined
  /** Mutations accepted and not yet answered. */
  waiting = 0
  commits = 0
  /** The newest change this process has seen, committed here or elsewhere. */
  seen = 0

  constructor(options: ConnectOptions) {
    this.#options = options
  }

  /** Starts the thread and opens its connection; throws what `connect` throws. */
  start(): Promise<WriterReady> {
    this.#ready ??= new Promise<WriterReady>((resolve, reject) => {
      const worker = startThread(new URL('./worker.js', import.meta.url), this.#options)
      this.#worker = worker
      const lost = (error: RevocadeError): void => {
        if (this.#worker !== worker) return
        this.#worker = undefined
        this.#ready = undefined
        reject(error)
        this.#fail(error)
      }
      worker.on('message', (message: FromWriter) => {
        if (message.type === 'ready') {
          // Should the thread die, the next one must find this very file, and never make a new one.
          this.#options = { ...this.#options, create: false, identity: message.identity }
          worker.unref()
          resolve(message)
        } else if (message.type === 'failed') {
          lost(unpackError(message.error))
        } else {
          this.#answer(message)
        }
      })
      worker.on('error', (error) => lost(toRevocadeError(error, 'open', this.#options.path)))
      worker.on('exit', () => lost(new RevocadeError('ERR_STORE_UNAVAILABLE', 'The write thread has ended.')))
    })
    return this.#ready
  }

  /** Resolves once all of it is durable. One call is one unit: all of it is committed, or nothing. */
  write(mutations: readonly Mutation[]): Promise<Committed> {
    if (this.#retired !== undefined) return Promise.reject(this.#retired)
    if (this.waiting > 0 && this.waiting + mutations.length > MAX_WAITING) {
      return Promise.reject(
        new RevocadeError(
          'ERR_UNAVAILABLE',
          `${this.waiting} revocations wait for the disk already. Try again later.`,
        ),
      )
    }
    return new Promise((resolve, reject) => {
      const last = this.#queue.at(-1)
      const batch = last === undefined || last.packer.count >= BATCH_MUTATIONS ? this.#newBatch() : last
      batch.packer.push(mutations) // throws: this write rejects, the others of the batch stand
      if (batch !== last) this.#queue.push(batch)
      batch.waiters.push({ count: mutations.length, resolve, reject })
      this.waiting += mutations.length
      if (this.#flushing || this.#inFlight !== undefined) return
      this.#flushing = true
      queueMicrotask(() => this.#flush())
    })
  }

  /** Has the thread do something in the background; resolves with the number of rows. One that is under way already is not begun again. */
  chore(chore: Chore): Promise<number> {
    const doing = this.#chores.get(chore.type)
    if (doing !== undefined) return doing.promise
    const worker = this.#worker
    if (worker === undefined) return Promise.resolve(0)
    let settle: Omit<Doing, 'promise'> = { resolve: () => undefined, reject: () => undefined }
    const promise = new Promise<number>((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.#chores.set(chore.type, { promise, ...settle })
    worker.ref()
    post(worker, chore)
    return promise
  }

  /** Refuses new writes with this error, waits for the accepted ones, closes the connection, ends the thread. */
  async close(refusal: RevocadeError): Promise<void> {
    this.#retired ??= refusal
    if (this.#inFlight !== undefined || this.#queue.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    const worker = this.#worker
    if (worker === undefined) return
    for (const { resolve } of this.#chores.values()) resolve(0)
    this.#chores.clear()
    worker.ref()
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    post(worker, { type: 'close' })
    await exited
  }

  #newBatch(): Batch {
    const packer = new Packer(this.#spare)
    this.#spare = undefined
    return { packer, waiters: [] }
  }

  #flush(): void {
    this.#flushing = false
    if (this.#inFlight !== undefined) return
    const batch = this.#queue.shift()
    if (batch === undefined) {
      this.#idle?.()
      return
    }
    this.#inFlight = batch
    const worker = this.#worker
    if (worker !== undefined) {
      this.#send(worker, batch)
      return
    }
    // The thread died: this write starts another one.
    this.start().then(
      () => {
        if (this.#worker !== undefined) this.#send(this.#worker, batch)
      },
      () => undefined,
    ) // `lost` has rejected the batch
  }

  #send(worker: Worker, { packer }: Batch): void {
    worker.ref() // a process that still has something to make durable must not end
    const { count } = packer
    const memory = packer.release()
    post(worker, { type: 'batch', memory, count, seen: this.seen }, [memory])
  }

  #answer(message: Exclude<FromWriter, { type: 'ready' | 'failed' }>): void {
    if (message.type === 'done') {
      const doing = this.#chores.get(message.chore)
      this.#chores.delete(message.chore)
      this.#letEnd()
      if (message.error === undefined) doing?.resolve(message.changed)
      else doing?.reject(unpackError(message.error))
      return
    }
    const batch = this.#inFlight
    this.#inFlight = undefined
    this.#letEnd()
    if (isRecyclable(message.memory)) this.#spare = message.memory
    if (message.type === 'committed') {
      this.commits++
      if (message.seq > this.seen) this.seen = message.seq
    }
    this.#flush() // the next batch first: the thread must not wait for our callers
    if (batch === undefined) return
    if (message.type === 'committed') this.#acknowledge(batch, message)
    else this.#reject(batch, unpackError(message.error))
  }

  /** A process that has nothing under way may end. */
  #letEnd(): void {
    if (this.#inFlight === undefined && this.#chores.size === 0) this.#worker?.unref()
  }

  #acknowledge(batch: Batch, { results, epoch, bits, tag }: BatchResult): void {
    const buckets = { bits, tag: Buffer.from(tag, 'hex') }
    let at = 0
    for (const { count, resolve } of batch.waiters) {
      const written: Written[] = []
      for (const end = at + count * 2; at < end; at += 2) {
        written.push({ seq: results[at] ?? 0, expiresAt: results[at + 1] ?? 0 })
      }
      this.waiting -= count
      resolve({ epoch, written, buckets })
    }
  }

  #reject(batch: Batch, error: RevocadeError): void {
    for (const { count, reject } of batch.waiters) {
      this.waiting -= count
      reject(error)
    }
  }

  /** The thread is gone: nobody knows what became of the batch it had, and whether another would do better. */
  #fail(cause: RevocadeError): void {
    const error =
      cause.code === 'ERR_NOT_DURABLE'
        ? cause
        : new RevocadeError('ERR_NOT_DURABLE', `Nothing was acknowledged: ${cause.message}`, { cause })
    const batches =
      this.#inFlight === undefined ? this.#queue.splice(0) : [this.#inFlight, ...this.#queue.splice(0)]
    this.#inFlight = undefined
    for (const { reject } of this.#chores.values()) reject(error)
    this.#chores.clear()
    for (const batch of batches) this.#reject(batch, error)
    this.#idle?.()
  }
}

function post(worker: Worker, message: ToWriter, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer)
}
