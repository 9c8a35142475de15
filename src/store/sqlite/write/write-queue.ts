import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { Committed, Mutation } from '../../../ports/index.js'
import { unpackError } from '../errors.js'
import type { WriterOptions } from '../file/open-writer.js'
import type { MaintenanceTask, ToWriter, WriterReady } from '../thread-messages.js'
import { Batch, type SessionWork, type Settle, weightOf } from './batch.js'
import { Maintenance } from './maintenance.js'
import { isRecyclable } from './mutation-codec.js'
import { type WriterAnswer, WriterThread } from './writer-thread.js'

/** Mutations and rows that may wait for a commit, at about 200 bytes each; more are refused. */
const MAX_WAITING = 131_072
/**
 * Group commit on a thread of its own. At most one batch is being committed. Writes that arrive during that
 * time are packed into the next batch, so a slow fsync makes batches larger and the queue no longer.
 */
export class WriteQueue {
  readonly #thread: WriterThread
  #inFlight: Batch | undefined
  readonly #queue: Batch[] = []
  #flushScheduled = false
  /** The memory of an earlier batch, for the next one. */
  #spare: ArrayBuffer | undefined
  readonly #maintenance = new Maintenance()
  #onIdle: (() => void) | undefined
  /** Set by {@link WriteQueue.drain}: what new writes are rejected with. */
  #refusal: RevocadeError | undefined
  /** Mutations and rows of refresh tokens that are accepted and not yet answered. */
  waiting = 0
  commits = 0

  readonly #doubt: () => RevocadeError | undefined

  /** @param doubt Says before and after each commit why it can't be acknowledged; undefined: it can. */
  constructor(options: WriterOptions, doubt: () => RevocadeError | undefined) {
    this.#doubt = doubt
    this.#thread = new WriterThread(options, {
      answer: (answer) => this.#answer(answer),
      lost: (error) => this.#fail(error),
    })
  }

  /** Starts the thread and opens its connection; see {@link WriterThread.start}. */
  start(): Promise<WriterReady> {
    return this.#thread.start()
  }

  /** Resolves once all mutations are durable. They are committed together or not at all. */
  write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#enqueue(mutations.length, (batch, settle) => batch.add(mutations, settle))
  }

  /** Commits refresh tokens in their turn; undefined if a condition did not hold then. */
  commit(work: SessionWork): Promise<Committed | undefined> {
    return this.#enqueue(weightOf(work), (batch, settle) => batch.addSessions(work, settle))
  }

  #enqueue<T>(weight: number, add: (batch: Batch, settle: Settle<T>) => void): Promise<T> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal)
    if (this.waiting > 0 && this.waiting + weight > MAX_WAITING) {
      return Promise.reject(
        new RevocadeError(
          'ERR_UNAVAILABLE',
          `${this.waiting} revocations wait for the disk: try again later`,
        ),
      )
    }
    return new Promise((resolve, reject) => {
      const last = this.#queue.at(-1)
      const batch = last === undefined || last.isFull ? this.#newBatch() : last
      add(batch, { resolve, reject }) // if it throws, only this write is rejected
      if (batch !== last) this.#queue.push(batch)
      this.waiting += weight
      if (this.#flushScheduled || this.#inFlight !== undefined) return
      this.#flushScheduled = true
      queueMicrotask(() => this.#flush())
    })
  }

  /** Has the thread do a maintenance task between commits; resolves with the number of changed rows. */
  maintain(task: MaintenanceTask): Promise<number> {
    const { worker } = this.#thread
    return worker === undefined ? Promise.resolve(0) : this.#maintenance.run(worker, task)
  }

  /** Refuses new writes with an error, and waits until the accepted ones are answered. */
  async drain(refusal: RevocadeError): Promise<void> {
    this.#refusal ??= refusal
    if (this.#inFlight === undefined && this.#queue.length === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  /**
   * Closes the connection and ends the thread. Drain the queue first.
   *
   * @param fold Whether to move what the log holds into the file first.
   */
  async close(fold: boolean): Promise<void> {
    const worker = this.#thread.worker
    if (worker === undefined) return
    this.#maintenance.cancel()
    worker.ref()
    // Not `once` of node:events: it rejects if the thread fails on its way out.
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    post(worker, { type: 'close', fold })
    await exited
  }

  #newBatch(): Batch {
    const batch = new Batch(this.#spare)
    this.#spare = undefined
    return batch
  }

  #flush(): void {
    this.#flushScheduled = false
    if (this.#inFlight !== undefined) return
    const batch = this.#queue.shift()
    if (batch === undefined) {
      this.#onIdle?.()
      return
    }
    this.#inFlight = batch
    const worker = this.#thread.worker
    if (worker !== undefined) {
      this.#send(worker, batch)
      return
    }
    // The thread died: this write starts another one. If that fails, `#fail` rejects the batch.
    this.#thread.restart().then(
      () => {
        if (this.#thread.worker !== undefined) this.#send(this.#thread.worker, batch)
      },
      () => undefined,
    )
  }

  #send(worker: Worker, batch: Batch): void {
    const doubt = this.#doubt()
    if (doubt !== undefined) {
      this.#inFlight = undefined
      this.#reject(batch, doubt)
      this.#flush()
      return
    }
    worker.ref() // the process must not end before the batch is durable
    const packed = batch.release()
    const { memory, sessions } = packed
    post(worker, { type: 'batch', ...packed }, sessions === undefined ? [memory] : [memory, sessions.memory])
  }

  #answer(message: WriterAnswer): void {
    if (message.type === 'maintained') {
      this.#maintenance.settle(message)
      this.#unrefIdleThread()
      return
    }
    const batch = this.#inFlight
    this.#inFlight = undefined
    this.#unrefIdleThread()
    if (isRecyclable(message.memory)) this.#spare = message.memory
    if (message.type === 'committed') this.commits++
    const refusal = message.type === 'committed' ? this.#doubt() : unpackError(message.error)
    this.#flush() // before the callers run, so that the thread does not wait for them
    if (batch === undefined) return
    if (refusal !== undefined) this.#reject(batch, refusal)
    else if (message.type === 'committed') {
      this.waiting -= batch.weight
      batch.acknowledge(message)
    }
  }

  /** An idle thread does not keep the process alive. */
  #unrefIdleThread(): void {
    if (this.#inFlight === undefined && this.#maintenance.isIdle) this.#thread.worker?.unref()
  }

  #reject(batch: Batch, error: RevocadeError): void {
    this.waiting -= batch.weight
    batch.reject(error)
  }

  /** The thread is gone. Whether its batch was committed is unknown, so no batch is acknowledged. */
  #fail(cause: RevocadeError): void {
    const error =
      cause.code === 'ERR_NOT_DURABLE'
        ? cause
        : new RevocadeError('ERR_NOT_DURABLE', `nothing was acknowledged: ${cause.message}`, { cause })
    const batches =
      this.#inFlight === undefined ? this.#queue.splice(0) : [this.#inFlight, ...this.#queue.splice(0)]
    this.#inFlight = undefined
    this.#maintenance.fail(error)
    for (const batch of batches) this.#reject(batch, error)
    this.#onIdle?.()
  }
}

function post(worker: Worker, message: ToWriter, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer)
}
