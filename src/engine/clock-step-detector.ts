import type { Clock } from '../ports/clock.js'

/** Milliseconds that the clocks may drift apart between two calls. More is a step or a suspend. */
const CLOCK_STEP_MS = 250

/** Finds steps of the wall clock, which can be set, by comparing it with the monotonic clock, which can't. */
export class ClockStepDetector {
  readonly #clock: Clock
  #wall: number
  #monotonic: bigint

  constructor(clock: Clock) {
    this.#clock = clock
    this.#wall = clock.now()
    this.#monotonic = clock.monotonic()
  }

  /**
   * Milliseconds that the wall clock was stepped forward since the last call, or the process was suspended;
   * negative if the clock was set back, 0 if it only drifted.
   */
  steppedMs(): number {
    const [wall, monotonic] = [this.#clock.now(), this.#clock.monotonic()]
    const stepped = wall - this.#wall - Number(monotonic - this.#monotonic) / 1e6
    this.#wall = wall
    this.#monotonic = monotonic
    return Math.abs(stepped) < CLOCK_STEP_MS ? 0 : stepped
  }
}
