import type { Clock } from '../ports/clock.js'

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => process.hrtime.bigint(),
}
