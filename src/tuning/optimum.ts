import { CORES_PER_GIB } from './costs.js'

/** What the best false-positive rate depends on: a filter's size, and the time of an exact lookup. */
export type RateQuestion = Readonly<Record<'entries' | 'checksPerSecond' | 'lookSeconds', number>>

/**
 * The false-positive rate at which one bit more costs what it saves. A Bloom filter takes N·1.44·log2(1/ε)
 * bits at a price of c, where 1.44 is 1 / ln 2, and false positives cost λ·t1·ε. The sum is least where its
 * derivative is 0: ε0* = N·c·1.44 / (λ·t1·ln 2). At most 0.5: with a higher rate it is not worth having.
 */
export function bestRate({ entries, checksPerSecond, lookSeconds }: RateQuestion): number {
  const pricePerHalving = entries * (CORES_PER_GIB / 2 ** 33) * (1 / Math.LN2)
  return Math.min(0.5, pricePerHalving / (checksPerSecond * lookSeconds * Math.LN2))
}
