import { halfFullBloom } from './made-filters.js'
import type { ReadPath } from './read-path.js'
import { median } from './statistics.js'
import { timeChecks } from './timing.js'

/**
 * How much slower the machine is than at the calibration: time of its reference checks now ÷ then. Null: it
 * was not calibrated.
 */
export type Pace = number | null

/** The machine is steady while it is less than this many times faster or slower. */
const STEADY = 1.2
/** The smallest table of the calibration, in bytes. Its checks are the reference. */
export const REFERENCE_BYTES = 2 ** 18
/** The reference is the median of this many rounds. */
const ROUNDS = 5
const CHECKS = 2048
const LIMIT_MS = 2000

/** How many times faster or slower than at the calibration: at least 1. */
export const offPace = (pace: Pace): number => (pace === null ? 1 : Math.max(pace, 1 / pace))

/** Whether times can be compared with those of the calibration. */
export const isSteady = (pace: Pace): boolean => offPace(pace) < STEADY

/**
 * Nanoseconds of a check with the reference filter, through a read path that may be used for something
 * else: its filter and its answers are restored.
 */
export async function timeReference({ lookup, live, behind }: ReadPath): Promise<number> {
  const { prefilter } = live
  const { revoked } = behind
  live.prefilter = halfFullBloom(REFERENCE_BYTES)
  behind.revoked = false
  try {
    const means: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const timing = await timeChecks(lookup, (i) => `reference-${round}-${i}`, CHECKS, LIMIT_MS / ROUNDS)
      means.push(timing.mean)
    }
    return median(means)
  } finally {
    live.prefilter = prefilter
    behind.revoked = revoked
  }
}
