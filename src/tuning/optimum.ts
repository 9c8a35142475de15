import { CORES_PER_GIB } from './costs.js'

/** What the best false-positive rate depends on. */
export interface RateQuestion {
  /** Entries that the filter is sized for. */
  readonly entries: number
  readonly checksPerSecond: number
  /** Seconds of the exact lookup that a false positive costs. */
  readonly lookSeconds: number
}

/** The price of a bit in cores, so that time and memory have one unit. */
const CORES_PER_BIT = CORES_PER_GIB / 2 ** 33

/** Bits by which a classic Bloom filter halves its rate: 1 / ln 2. */
const BITS_PER_HALVING = 1 / Math.LN2

/**
 * The false-positive rate at which one bit more costs what it saves. A Bloom filter takes N·1.44·log2(1/ε)
 * bits at a price of c, and false positives cost λ·t1·ε. The sum is least where its derivative is 0: ε0* =
 * N·c·1.44 / (λ·t1·ln 2). At most 0.5: a filter with a higher rate is not worth having.
 */
export function bestRate({ entries, checksPerSecond, lookSeconds }: RateQuestion): number {
  return Math.min(
    0.5,
    (entries * CORES_PER_BIT * BITS_PER_HALVING) / (checksPerSecond * lookSeconds * Math.LN2),
  )
}

/** The cost that {@link bestRate} minimises: cores for bits and for exact lookups. */
export function costAtRate(rate: number, { entries, checksPerSecond, lookSeconds }: RateQuestion): number {
  return (
    CORES_PER_BIT * entries * BITS_PER_HALVING * Math.log2(1 / rate) + checksPerSecond * lookSeconds * rate
  )
}
