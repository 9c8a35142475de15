import { build, type Histogram } from 'hdr-histogram-js'
import { rounded } from './measure.js'
import { duration } from './table.js'
import type { Measurement, Situation } from './types.js'

/** Nanoseconds; longer than any case lasts. */
const LONGEST_NS = 600e9

/** An HDR histogram (Gil Tene) of nanoseconds: counts every operation to three digits, in constant memory. */
export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_NS,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
  })
}

/**
 * A histogram as it is recorded. A hundred evenly spaced quantiles take the place of the samples; `p99Ns` to
 * `maxNs` tell of the operations beyond the last quantile.
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

/** The percentiles as text, `p50 520 ns, p99 2 µs, …`: those with ten operations or more beyond them. */
export function percentilesOf(histogram: Histogram): string {
  const known = [50, 99, 99.9, 99.99].filter(
    (percentile) => histogram.totalCount * (1 - percentile / 100) >= 10,
  )
  return [
    ...known.map((percentile) => `p${percentile} ${duration(histogram.getValueAtPercentile(percentile))}`),
    `longest ${duration(histogram.maxValue)}`,
  ].join(', ')
}
