/** Time as the engine sees it; inject one to test against the clock without sleeping. */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock, as `Date.now`. Read once per check. */
  now(): number
  /** Milliseconds from some fixed point, never stepped, as `performance.now`. */
  monotonic(): number
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
}
