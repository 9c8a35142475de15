/** The engine's two clocks. A test injects its own, and needs no sleep. */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock, as `Date.now`. Used for expiries. */
  now(): number
  /**
   * Nanoseconds since a fixed point, as `process.hrtime.bigint`; never set back or forward. Used for the
   * lease, and read once per check.
   */
  monotonic(): bigint
}
