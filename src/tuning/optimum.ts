import { CORES_PER_GIB } from './costs.js'

/** What the best rate depends on. */
export interface RateQuestion {
  /** Entries that the filter is made for. */
  readonly entries: number
  readonly checksPerSecond: number
  /** What a false positive costs: the closer look, in seconds. */
  readonly lookSeconds: number
}

/** What a bit costs, in cores: time and memory in one unit. */
export const CORES_PER_BIT = CORES_PER_GIB / 2 ** 33

/** Bits that a classic Bloom filter takes for halving its rate: 1 / ln 2. */
const BITS_PER_HALVING = 1 / Math.LN2

/**
 * The false-positive rate where one bit more costs what it saves. A Bloom filter takes N·1.44·log2(1/ε) bits at a price of c, and false
 * positives cost λ·t1·ε; the sum is least where its derivative is 0: ε0* = N·c·1.44 / (λ·t1·ln 2). At most 0.5, beyond which there
 * need be no filter.
 */
export function bestRate({ entries, checksPerSecond, lookSeconds }: RateQuestion): number {
  return Math.min(
    0.5,
    (entries * CORES_PER_BIT * BITS_PER_HALVING) / (checksPerSecond * lookSeconds * Math.LN2),
  )
}

/** What is made least: cores for the bits and for the looks. */
export function costAtRate(rate: number, { entries, checksPerSecond, lookSeconds }: RateQuestion): number {
  return (
    CORES_PER_BIT * entries * BITS_PER_HALVING * Math.log2(1 / rate) + checksPerSecond * lookSeconds * rate
  )
}
