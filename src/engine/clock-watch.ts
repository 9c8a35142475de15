import type { Clock } from '../ports/clock.js'
import type { Logger } from '../ports/index.js'
import { ClockStepDetector } from './clock-step-detector.js'
import type { Lease } from './lease.js'
import type { LivePrefilter } from './live-prefilter.js'

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

  constructor(deps: ClockWatchDeps) {
    this.#deps = deps
    this.#detector = new ClockStepDetector(deps.clock)
  }

  /** @returns whether they have disagreed since the last call */
  look(): boolean {
    const { lease, live, logger } = this.#deps
    const steppedMs = this.#detector.steppedMs()
    if (steppedMs === 0) return false
    lease.end()
    live.refreshSelectors()
    logger.warn(
      { steppedMs: Math.round(steppedMs) },
      'the clock was stepped or the process suspended: the lease ended',
    )
    return true
  }
}
