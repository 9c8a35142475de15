/** Pause after a pass that found little, in milliseconds. */
const MIN_PAUSE_MS = 1000
/** Longest pause, in milliseconds: 10 minutes. */
const MAX_PAUSE_MS = 600_000
/** A pause is forgotten once it is over for this many times its length. */
const FORGET_AFTER_PAUSES = 4

/**
 * When the next pass over all buckets may begin. The pause after a pass doubles each time that a pass has to
 * repair much: a server that evicts keys must not be filled without end.
 */
export class Backoff {
  #pauseMs = MIN_PAUSE_MS
  /** By `performance.now()`. */
  #notBefore = 0

  /** Milliseconds until the next pass may begin; 0 or less if it may begin now. */
  get remainingMs(): number {
    return this.#notBefore - performance.now()
  }

  /** Lifts the pause. The next one is the shortest again. */
  reset(): void {
    this.#notBefore = 0
    this.#pauseMs = MIN_PAUSE_MS
  }

  /** Makes the next pause the shortest again if the last one has been over for long. */
  relax(): void {
    if (-this.remainingMs > this.#pauseMs * FORGET_AFTER_PAUSES) this.#pauseMs = MIN_PAUSE_MS
  }

  /** Begins the pause after a pass. `large`: it had to repair much, and nothing explains that. */
  pause(large: boolean): void {
    this.#notBefore = performance.now() + this.#pauseMs
    this.#pauseMs = large ? Math.min(this.#pauseMs * 2, MAX_PAUSE_MS) : MIN_PAUSE_MS
  }

  /** Begins a pause of its own length, which does not count as one after a pass. */
  retryIn(ms: number): void {
    this.#notBefore = performance.now() + ms
  }
}
