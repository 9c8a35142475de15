import type { Clock } from '../ports/clock.js'
import type { Logger } from '../ports/index.js'
import { ClockStepDetector } from './clock-step-detector.js'
import type { Lease } from './lease.js'
import type { LivePrefilter } from './live-prefilter.js'
import { PauseDetector } from './pause-detector.js'

/** What {@link ClockWatch} needs. */
export interface ClockWatchDeps {
  readonly clock: Clock
  readonly lease: Lease
  readonly live: LivePrefilter
  readonly logger: Logger
}

/** Ends the lease when the clocks disagree, and then looks which selectors count by the new time. */
export class ClockWatch {
  readonly #deps: ClockWatchDeps
  readonly #detector: ClockStepDetector
  readonly #pauses: PauseDetector

  constructor(deps: ClockWatchDeps) {
    this.#deps = deps
    this.#detector = new ClockStepDetector(deps.clock)
    this.#pauses = new PauseDetector(deps.clock)
  }

  /** @returns whether they have disagreed since the last call */
  look(): boolean {
    const steppedMs = this.#detector.steppedMs()
    if (steppedMs === 0) return false
    this.#end(steppedMs, 'the clock was stepped or the process suspended: the lease ended')
    return true
  }

  /**
   * Looks again after the reply of a poll that was on its way for some time.
   *
   * @param serverTime - the clock of the store's server, in milliseconds, if there is one
   * @param sentAt - the monotonic clock in nanoseconds, before the poll was sent
   */
  lookAfterReply(serverTime: number | undefined, sentAt: bigint): boolean {
    const pausedMs = serverTime === undefined ? 0 : this.#pauses.pausedMs(serverTime, sentAt)
    if (pausedMs > 0)
      this.#end(pausedMs, "the store's clock ran ahead, as if this machine was paused: the lease ended")
    return this.look() || pausedMs > 0
  }

  #end(ms: number, message: string): void {
    const { lease, live, logger } = this.#deps
    lease.end()
    live.refreshSelectors()
    logger.warn({ steppedMs: Math.round(ms) }, message)
  }
}
