/** One kind of check: how likely it is, and how long it takes. */
export interface Outcome {
  readonly share: number
  /** Nanoseconds, `fixed` included. */
  readonly mean: number
  /** Nanoseconds that it always takes: a round trip, a read of the store. */
  readonly fixed: number
  /** p99 ÷ mean of the rest alone: from 1 to 14.9, the largest of a log-normal distribution. */
  readonly tail: number
}

/** Standard deviations from the median to the 99th percentile. */
const Z99 = 2.3263478740408408

/** The mean of all checks. */
export function meanOf(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, { share, mean }) => sum + share * mean, 0)
}

/**
 * The time that a share `p` of all checks stays below: where the weighted distributions of the outcomes
 * reach `p`. The part of an outcome that is not fixed is taken as log-normal, as latencies mostly are; mean
 * and tail determine it.
 */
export function quantileOf(outcomes: readonly Outcome[], p: number): number {
  const parts = outcomes
    .filter(({ share, mean, fixed }) => share > 0 && mean > fixed)
    .map(({ share, mean, fixed, tail }) => {
      const sigma = Math.max(1e-3, Z99 - Math.sqrt(Math.max(0, Z99 ** 2 - 2 * Math.log(Math.max(1, tail)))))
      return { share, sigma, fixed, logMedian: Math.log(mean - fixed) - sigma ** 2 / 2 }
    })
  if (parts.length === 0) return 0
  const below = (ns: number): number =>
    parts.reduce(
      (sum, { share, sigma, fixed, logMedian }) =>
        sum + (ns <= fixed ? 0 : share * normal((Math.log(ns - fixed) - logMedian) / sigma)),
      0,
    )
  let low = Math.min(...parts.map(({ fixed, logMedian, sigma }) => fixed + Math.exp(logMedian - 6 * sigma)))
  let high = Math.max(...parts.map(({ fixed, logMedian, sigma }) => fixed + Math.exp(logMedian + 6 * sigma)))
  // Bisection on a logarithmic scale, because the ends may be far apart.
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(low * high)
    if (below(middle) < p) low = middle
    else high = middle
  }
  return high
}

/** The normal distribution function, with an error below 1e-7 (Abramowitz and Stegun 26.2.17). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return z > 0 ? 1 - tail : tail
}
