/** Time as the engine sees it; inject one to test against the clock without sleeping. */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock, as `Date.now`: for expiries. */
  now(): number
  /** Nanoseconds from some fixed point, never stepped, as `process.hrtime.bigint`: for the lease. Read once per check. */
  monotonic(): bigint
}
