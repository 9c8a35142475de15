/** How long a prefilter keeps entries, and by which clock. */
export interface Retention {
  readonly clock: { now(): number }
  /** How long past its expiry a revocation is honoured, in seconds. */
  readonly clockToleranceSeconds: number
  /** How long past its expiry an entry is kept, in seconds: longer, for a clock that is set back. */
  readonly graceSeconds: number
}

/** Entries that expire up to this time (NumericDate seconds) are left out of a filter that is filled now. */
export function leftOutUpTo({ clock, graceSeconds }: Retention): number {
  return Math.floor(clock.now() / 1000) - graceSeconds
}

/**
 * Whether a filter may lack entries that are honoured by the present time. That is so if the clock was ahead
 * when the filter was filled, or the tolerance was smaller. Half of the spare time counts as gone already, so
 * that the clock may be set back by the other half between two calls.
 *
 * @param leftOut - what {@link leftOutUpTo} said when the filter was filled
 */
export function mayLackLive(
  leftOut: number,
  { clock, clockToleranceSeconds, graceSeconds }: Retention,
): boolean {
  return leftOut > clock.now() / 1000 - (graceSeconds + clockToleranceSeconds) / 2
}
