import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import { toRevocadeError, unpackError } from '../errors.js'
import { openGate } from '../exit-gate.js'
import type { WriterOptions } from '../file/open-writer.js'
import { startThread } from '../thread.js'
import type { FromWriter, WriterData, WriterReady } from '../thread-messages.js'

/** Shortest and longest pause after a thread could not be started, in milliseconds: it doubles each time. */
const MIN_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000

/** An answer of the write thread to a batch or a task. */
export type WriterAnswer = Exclude<FromWriter, { type: 'ready' | 'failed' }>

/** What a {@link WriterThread} calls. */
export interface WriterThreadEvents {
  readonly answer: (answer: WriterAnswer) => void
  /** The thread is gone, or could not be started. */
  readonly lost: (error: RevocadeError) => void
}

/** The write thread, and the next one if it dies. */
export class WriterThread {
  /** Undefined before the start, and after the thread has died. */
  worker: Worker | undefined
  readonly #events: WriterThreadEvents
  #options: WriterOptions
  #ready: Promise<WriterReady> | undefined
  /** Milliseconds before the next attempt to start; 0 unless the last one failed. */
  #pauseMs = 0

  constructor(options: WriterOptions, events: WriterThreadEvents) {
    this.#options = options
    this.#events = events
  }

  /**
   * Starts the thread and opens its connection. Rejects with what `openWriter` throws, or when no thread can
   * be started; a later call tries again.
   */
  start(): Promise<WriterReady> {
    this.#ready ??= this.#start().catch((error: unknown) => {
      this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, MIN_PAUSE_MS), MAX_PAUSE_MS)
      const failure = toRevocadeError(error, 'open', this.#options.place.real)
      this.#lost(failure)
      throw failure
    })
    return this.#ready
  }

  /** Starts another thread, after a pause if the last start failed. */
  async restart(): Promise<void> {
    if (this.#pauseMs > 0) await sleep(this.#pauseMs)
    await this.start()
  }

  #start(): Promise<WriterReady> {
    return new Promise((resolve, reject) => {
      const worker = startGated(this.#options)
      this.worker = worker
      let onLoss: (error: RevocadeError) => void = reject
      const lost = (error: RevocadeError): void => {
        if (this.worker !== worker) return
        this.worker = undefined
        onLoss(error)
      }
      worker.on('message', (message: FromWriter) => {
        // What a thread sent before it failed may arrive afterwards: it must not settle the next batch.
        if (this.worker !== worker) return
        if (message.type === 'ready') {
          // If the thread dies, the next one must find these very files, and never create any.
          this.#options = { ...this.#options, create: false, files: message.files }
          this.#pauseMs = 0
          onLoss = (error) => this.#lost(error)
          worker.unref()
          resolve(message)
        } else if (message.type === 'failed') {
          lost(unpackError(message.error))
        } else {
          this.#events.answer(message)
        }
      })
      worker.on('error', (error) => lost(toRevocadeError(error, 'open', this.#options.place.real)))
      worker.on('exit', () => lost(new RevocadeError('ERR_STORE_UNAVAILABLE', 'the write thread ended')))
    })
  }

  #lost(error: RevocadeError): void {
    this.#ready = undefined
    this.#events.lost(error)
  }
}

/** Starts the thread behind a gate that closes when the process ends. */
function startGated(options: WriterOptions): Worker {
  const { memory, release } = openGate()
  const data: WriterData = { ...options, gate: memory }
  try {
    return startThread(new URL('./worker.js', import.meta.url), data).once('exit', release)
  } catch (error) {
    release()
    throw error
  }
}
