import type { Clock } from '../ports/clock.js'

/** The machine's own clocks. It looks `Date.now` up at each call, so a mocked `Date` counts. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => process.hrtime.bigint(),
}
