import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { Logger } from '../../../ports/index.js'
import { unpackError } from '../errors.js'
import { startJob } from '../read/start-job.js'
import { endThread } from '../thread.js'
import type { FromIntegrity } from '../thread-messages.js'
import type { OpenFiles } from './file-identity.js'

/** Milliseconds between two checks: of a damaged file, after the file could not be checked, on suspicion. */
const RETRY_DELAY_MS = 60_000

/** What an {@link IntegrityWatch} calls. */
export interface IntegrityEvents {
  /** The file is damaged. Called once. */
  readonly damaged: (error: RevocadeError) => void
  /** A later check of the damaged file has found nothing. */
  readonly mended: () => void
}

/**
 * Checks the whole file for damage in a thread: once, some time after it was opened, and again when a call
 * into SQLite meets damage. A damaged file is checked every minute, until it is whole.
 */
export class IntegrityWatch {
  state: 'pending' | 'ok' | 'failed' | 'unknown' = 'pending'
  readonly #at: OpenFiles
  readonly #logger: Logger
  readonly #retryMs: number
  #timer: NodeJS.Timeout | undefined
  /** Undefined while nothing is to be checked. */
  #events: IntegrityEvents | undefined
  /** No check on suspicion before, by `performance.now()`. */
  #notBefore = 0
  #job: Worker | undefined

  constructor(at: OpenFiles, logger: Logger, retryMs = RETRY_DELAY_MS) {
    this.#at = at
    this.#logger = logger
    this.#retryMs = retryMs
  }

  /** @param delayMs Milliseconds until the first check; Infinity: nothing is ever checked. */
  schedule(delayMs: number, events: IntegrityEvents): void {
    if (delayMs === Number.POSITIVE_INFINITY) {
      this.state = 'unknown'
      return
    }
    this.#events = events
    this.#checkAfter(delayMs)
  }

  /** To be called when SQLite has met damage. Checks at most once a minute. */
  suspect(): void {
    const now = performance.now()
    if (this.#job !== undefined || now < this.#notBefore) return
    this.#notBefore = now + this.#retryMs
    this.#checkAfter(0)
  }

  async stop(): Promise<void> {
    this.#events = undefined
    clearTimeout(this.#timer)
    if (this.#job !== undefined) await endThread(this.#job)
  }

  #checkAfter(delayMs: number): void {
    clearTimeout(this.#timer)
    const events = this.#events
    if (events !== undefined) this.#timer = setTimeout(() => this.#check(events), delayMs).unref()
  }

  #check(events: IntegrityEvents): void {
    let job: Worker
    try {
      job = startJob({ job: 'integrity', at: this.#at })
    } catch (error) {
      this.#undecided(error instanceof Error ? error.message : String(error))
      return
    }
    job.unref()
    this.#job = job
    job.on('message', (message: FromIntegrity) => this.#judge(message, events))
    job.on('error', (error) => this.#undecided(error.message))
    job.on('exit', () => {
      this.#job = undefined
    })
  }

  #judge(message: FromIntegrity, { damaged, mended }: IntegrityEvents): void {
    const wasDamaged = this.state === 'failed'
    if (message.type === 'checked' && message.problems.length === 0) {
      this.state = 'ok'
      if (wasDamaged) mended()
    } else if (message.type === 'failed' && message.error.code !== 'ERR_STORE_CORRUPT') {
      this.#undecided(message.error.message)
    } else {
      this.state = 'failed'
      this.#checkAfter(this.#retryMs)
      if (!wasDamaged) damaged(this.#damage(message))
    }
  }

  #damage(message: FromIntegrity): RevocadeError {
    const path = this.#at.place.real
    const problems = message.type === 'checked' ? message.problems : [message.error.message]
    this.#logger.error(
      { path, problems },
      'the store is damaged and is not used until it is whole again: restore it from a backup',
    )
    if (message.type === 'failed') return unpackError(message.error)
    return new RevocadeError(
      'ERR_STORE_CORRUPT',
      `the store ${path} is damaged (${problems[0] ?? ''}): restore it from a backup. ` +
        'It is checked every minute, and used again once it is whole',
    )
  }

  #undecided(why: string): void {
    const told = this.state !== 'pending' && this.state !== 'ok'
    // Damage that was found is there until a check finds none.
    if (this.state !== 'failed') this.state = 'unknown'
    if (!told)
      this.#logger.warn({ path: this.#at.place.real, why }, 'the integrity of the store could not be checked')
    this.#checkAfter(this.#retryMs)
  }
}
