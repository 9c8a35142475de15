/** Background reads may use 20 % of the event loop: after this time they idle four times as long. */
const SLICE_MS = 1
const IDLE_FACTOR = 4
/** Shortest and longest pause after a slice of which nothing was written, in milliseconds: it doubles. */
const MIN_FAILURE_PAUSE_MS = 20
const MAX_FAILURE_PAUSE_MS = 2000

/**
 * How much of the event loop background writes may take. They go in slices with pauses between them. Whatever
 * makes writes fail (conflicts without end, a store that can't be read), it must not become a busy loop.
 */
export class BackgroundPace {
  #begun = 0
  #ended = 0
  #failurePauseMs = 0

  /** Begins a slice. @returns when to begin no more writes, by `performance.now()` */
  begin(): number {
    this.#begun = performance.now()
    return this.#begun + SLICE_MS
  }

  /** Ends a slice: its writes have begun, and their reads of the store are done or wait elsewhere. */
  end(): void {
    this.#ended = performance.now()
  }

  /** The pause after a slice in milliseconds. `failed`: nothing of it was written. */
  pauseMs(failed: boolean): number {
    if (!failed) this.#failurePauseMs = 0
    else
      this.#failurePauseMs = Math.min(
        Math.max(this.#failurePauseMs * 2, MIN_FAILURE_PAUSE_MS),
        MAX_FAILURE_PAUSE_MS,
      )
    return Math.max((this.#ended - this.#begun) * IDLE_FACTOR, this.#failurePauseMs)
  }
}
