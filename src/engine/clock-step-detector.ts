import type { Clock } from '../ports/clock.js'

/** Compares the wall clock, which can be set, with the monotonic one, which can't. */
export class ClockStepDetector {
  readonly #clock: Clock
  #wall: number
  #monotonic: bigint

  constructor(clock: Clock) {
    this.#clock = clock
    this.#wall = clock.now()
    this.#monotonic = clock.monotonic()
  }

  /** How far the wall clock went ahead of the monotonic one since the last call, in milliseconds; less than 0: it was set back. */
  steppedMs(): number {
    const [wall, monotonic] = [this.#clock.now(), this.#clock.monotonic()]
    const stepped = wall - this.#wall - Number(monotonic - this.#monotonic) / 1e6
    this.#wall = wall
    this.#monotonic = monotonic
    return stepped
  }
}
