import { randomBytes } from 'node:crypto'
import { RevocadeError } from '../errors.js'
import type { Clock, Logger, MaybePromise, SessionSalt, SessionStore } from '../ports/index.js'

const MINUTE_MS = 60_000
/** Minutes for which a salt is kept: the longest window, and four for clocks that differ. */
const KEPT_MINUTES = 5

/** The minute of a time in milliseconds since 1970. */
export const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS)

/**
 * The salts that go into the successors of refresh tokens, one for each minute. A salt is deleted once no
 * replay needs it: what was used before can then no longer be turned into what came after it, not even with
 * the store in hand. A timer sees to that where nothing is refreshed any more, until the engine is closed.
 */
export class Salts {
  readonly #sessions: SessionStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #logger: Logger
  /** By minute: as the store has them, or as this process would have them. */
  readonly #known = new Map<number, Uint8Array>()

  constructor(sessions: SessionStore, clock: Pick<Clock, 'now'>, logger: Logger) {
    this.#sessions = sessions
    this.#clock = clock
    this.#logger = logger
    const timer = setInterval(() => {
      void this.drop().then((isOpen) => {
        if (!isOpen) clearInterval(timer)
      })
    }, MINUTE_MS)
    timer.unref()
  }

  /**
   * The salt for what is rotated at a time. Commit it with the rotation: the store refuses another one.
   *
   * @param retry - the store refused the last one, perhaps
   */
  at(time: number, retry: boolean): MaybePromise<SessionSalt> {
    const minute = minuteOf(time)
    const known = this.#known.get(minute)
    return known !== undefined && !retry ? { minute, salt: known } : this.#ask(minute)
  }

  async #ask(minute: number): Promise<SessionSalt> {
    const stored = await this.#sessions.salt(minute)
    const salt = stored ?? this.#known.get(minute) ?? randomBytes(16)
    if (!this.#known.has(minute)) void this.drop()
    this.#known.set(minute, salt)
    return { minute, salt }
  }

  /** The salt of what was rotated at a time; undefined once it is deleted. */
  async stored(time: number): Promise<Uint8Array | undefined> {
    return this.#sessions.salt(minuteOf(time))
  }

  /** Deletes the old ones. @returns false when the engine was closed */
  async drop(): Promise<boolean> {
    try {
      const before = minuteOf(this.#clock.now()) - KEPT_MINUTES
      for (const minute of this.#known.keys()) if (minute < before) this.#known.delete(minute)
      await this.#sessions.dropSalts(Math.max(0, before))
    } catch (error) {
      if (error instanceof RevocadeError && error.code === 'ERR_CLOSED') return false
      this.#logger.warn({ err: error }, 'old salts of refresh tokens could not be deleted yet')
    }
    return true
  }
}
