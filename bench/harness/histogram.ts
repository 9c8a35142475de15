import { build, type Histogram } from 'hdr-histogram-js'
import { rounded } from './measure.js'
import { duration } from './table.js'
import type { Measurement, Situation } from './types.js'

/** Longer than any case lasts, in nanoseconds. */
const LONGEST_NS = 600e9

/** Gil Tene's HDR histogram of nanoseconds: every operation counts, each to three digits, in memory that doesn't grow with them. */
export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_NS,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
  })
}

/**
 * As it is recorded. A hundred evenly spaced quantiles stand for the operations, so that what reads samples sees their distribution;
 * what lies beyond the last of them is told by `p99Ns` to `maxNs`.
 */
export function histogramMeasurement(histogram: Histogram, situation: Situation): Measurement {
  const at = (percentile: number): number => rounded(histogram.getValueAtPercentile(percentile))
  return {
    ...situation,
    p50Ns: at(50),
    p99Ns: at(99),
    p999Ns: at(99.9),
    p9999Ns: at(99.99),
    maxNs: rounded(histogram.maxValue),
    opsPerSecond: rounded(1e9 / histogram.mean),
    batch: 1,
    operations: histogram.totalCount,
    samples: Array.from({ length: 100 }, (_, i) => at(i + 0.5)),
  }
}

/** `p50 520 ns, p99 2 µs, …`: a percentile only where ten operations or more lie beyond it. */
export function percentilesOf(histogram: Histogram): string {
  const known = [50, 99, 99.9, 99.99].filter(
    (percentile) => histogram.totalCount * (1 - percentile / 100) >= 10,
  )
  return [
    ...known.map((percentile) => `p${percentile} ${duration(histogram.getValueAtPercentile(percentile))}`),
    `longest ${duration(histogram.maxValue)}`,
  ].join(', ')
}
