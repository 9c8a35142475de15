import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { Logger } from '../../../ports/index.js'
import { unpackError } from '../errors.js'
import { startJob } from '../read/start-job.js'
import { endThread } from '../thread.js'
import type { FromIntegrity } from '../thread-messages.js'
import type { OpenFiles } from './file-identity.js'

/** Milliseconds between two checks: after the file could not be checked, or on suspicion. */
const RETRY_DELAY_MS = 60_000

/**
 * Checks the whole file for damage in a thread: once, some time after it was opened, and again when a call
 * into SQLite meets damage.
 */
export class IntegrityWatch {
  state: 'pending' | 'ok' | 'failed' | 'unknown' = 'pending'
  readonly #at: OpenFiles
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  /** Undefined while nothing is to be checked. */
  #onDamage: ((error: RevocadeError) => void) | undefined
  /** No check on suspicion before, by `performance.now()`. */
  #notBefore = 0
  #job: Worker | undefined

  constructor(at: OpenFiles, logger: Logger) {
    this.#at = at
    this.#logger = logger
  }

  /** @param onDamage Called once, if the file is damaged. */
  schedule(delayMs: number, onDamage: (error: RevocadeError) => void): void {
    if (delayMs === Number.POSITIVE_INFINITY) {
      this.state = 'unknown'
      return
    }
    this.#onDamage = onDamage
    this.#checkAfter(delayMs)
  }

  /** To be called when SQLite has met damage. Checks at most once a minute. */
  suspect(): void {
    const now = performance.now()
    if (this.#job !== undefined || now < this.#notBefore) return
    this.#notBefore = now + RETRY_DELAY_MS
    this.#checkAfter(0)
  }

  async stop(): Promise<void> {
    this.#onDamage = undefined
    clearTimeout(this.#timer)
    if (this.#job !== undefined) await endThread(this.#job)
  }

  #checkAfter(delayMs: number): void {
    clearTimeout(this.#timer)
    const onDamage = this.#onDamage
    if (onDamage !== undefined) this.#timer = setTimeout(() => this.#check(onDamage), delayMs).unref()
  }

  #check(onDamage: (error: RevocadeError) => void): void {
    let job: Worker
    try {
      job = startJob({ job: 'integrity', at: this.#at })
    } catch (error) {
      this.#undecided(error instanceof Error ? error.message : String(error))
      return
    }
    job.unref()
    this.#job = job
    job.on('message', (message: FromIntegrity) => this.#judge(message, onDamage))
    job.on('error', (error) => this.#undecided(error.message))
    job.on('exit', () => {
      this.#job = undefined
    })
  }

  #judge(message: FromIntegrity, onDamage: (error: RevocadeError) => void): void {
    if (message.type === 'checked' && message.problems.length === 0) {
      this.state = 'ok'
    } else if (message.type === 'failed' && message.error.code !== 'ERR_STORE_CORRUPT') {
      this.#undecided(message.error.message)
    } else {
      this.state = 'failed'
      this.#onDamage = undefined
      const path = this.#at.place.real
      const problems = message.type === 'checked' ? message.problems : [message.error.message]
      const error =
        message.type === 'failed'
          ? unpackError(message.error)
          : new RevocadeError(
              'ERR_STORE_CORRUPT',
              `the store ${path} is damaged (${problems[0] ?? ''}): restore it from a backup`,
            )
      this.#logger.error(
        { path, problems },
        'the store is damaged and is not used any more: restore it from a backup',
      )
      onDamage(error)
    }
  }

  #undecided(why: string): void {
    const told = this.state === 'unknown'
    this.state = 'unknown'
    if (!told)
      this.#logger.warn({ path: this.#at.place.real, why }, 'the integrity of the store could not be checked')
    this.#checkAfter(RETRY_DELAY_MS)
  }
}
