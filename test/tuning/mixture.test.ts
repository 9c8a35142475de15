import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meanOf, type Outcome, quantileOf } from '#dist/tuning/mixture.js'

const Z99 = 2.3263478740408408

/** Of the standard normal distribution, by adding up its density in small steps. */
function normalBelow(z: number): number {
  if (z < -9) return 0
  const steps = 4000
  const width = (Math.min(z, 9) + 9) / steps
  let sum = 0
  for (let i = 0; i < steps; i++) sum += Math.exp(-((-9 + (i + 0.5) * width) ** 2) / 2)
  return (sum * width) / Math.sqrt(2 * Math.PI)
}

/**
 * The share below `value` of what is fixed plus a log-normal distribution, with that mean in all and that
 * p99 ÷ mean past what is fixed.
 */
function shareBelow({ mean, fixed, tail }: Outcome, value: number): number {
  const sigma = Z99 - Math.sqrt(Z99 ** 2 - 2 * Math.log(tail))
  const median = (mean - fixed) / Math.exp(sigma ** 2 / 2)
  return value <= fixed ? 0 : normalBelow(Math.log((value - fixed) / median) / sigma)
}

const outcomes = fc
  .array(
    fc.record({
      weight: fc.double({ min: 1e-4, max: 1, noNaN: true }),
      mean: fc.double({ min: 10, max: 1e8, noNaN: true }),
      fixedShare: fc.double({ min: 0, max: 0.95, noNaN: true }),
      tail: fc.double({ min: 1.1, max: 14, noNaN: true }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((some) => {
    const sum = some.reduce((total, { weight }) => total + weight, 0)
    return some.map(({ weight, mean, fixedShare, tail }): Outcome => ({
      share: weight / sum,
      mean,
      fixed: fixedShare * mean,
      tail,
    }))
  })

describe('a quantile of a mixture', () => {
  it('has its share of all below it', () => {
    fc.assert(
      fc.property(outcomes, fc.double({ min: 0.01, max: 0.999, noNaN: true }), (mixed, p) => {
        const quantile = quantileOf(mixed, p)
        const below = mixed.reduce((sum, one) => sum + one.share * shareBelow(one, quantile), 0)
        expect(Math.abs(below - p)).toBeLessThan(1e-4)
      }),
      { numRuns: 200 },
    )
  })

  it('is that of all quantiles together whose mean is the mean', () => {
    fc.assert(
      fc.property(
        outcomes.filter((mixed) => mixed.every(({ share, tail }) => share > 0.05 && tail < 4)),
        (mixed) => {
          const steps = 1000
          let sum = 0
          for (let i = 0; i < steps; i++) sum += quantileOf(mixed, (i + 0.5) / steps)
          // The steps miss what is beyond the last of them, and where within one the next outcome begins.
          expect(sum / steps / meanOf(mixed)).toBeGreaterThan(0.9)
          expect(sum / steps / meanOf(mixed)).toBeLessThan(1.05)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('grows with its share, and with every outcome', () => {
    fc.assert(
      fc.property(outcomes, fc.double({ min: 1.01, max: 10, noNaN: true }), (mixed, factor) => {
        expect(quantileOf(mixed, 0.99)).toBeGreaterThanOrEqual(quantileOf(mixed, 0.5))
        const slower = mixed.map((one) => ({ ...one, mean: one.mean * factor, fixed: one.fixed * factor }))
        expect(quantileOf(slower, 0.99) / quantileOf(mixed, 0.99)).toBeCloseTo(factor, 4)
      }),
    )
  })

  it('is the tail of the only outcome, and steps to the rarer one at its share', () => {
    expect(quantileOf([{ share: 1, mean: 100, fixed: 0, tail: 1 }], 0.99)).toBeCloseTo(100, 0)
    const one: Outcome = { share: 1, mean: 100, fixed: 0, tail: 3 }
    expect(quantileOf([one], 0.99)).toBeCloseTo(300, 1)
    const two = (rare: number) =>
      quantileOf(
        [
          { share: 1 - rare, mean: 100, fixed: 0, tail: 1 },
          { share: rare, mean: 1e6, fixed: 0, tail: 1 },
        ],
        0.99,
      )
    expect(two(0.009)).toBeCloseTo(100, 0)
    expect(two(0.011) / 1e6).toBeCloseTo(1, 2)
    // Hardly any is faster than what is fixed allows, however long the tail.
    expect(
      quantileOf(
        [
          { share: 0.9895, mean: 100, fixed: 0, tail: 1 },
          { share: 0.0105, mean: 6000, fixed: 4000, tail: 7 },
        ],
        0.99,
      ),
    ).toBeGreaterThan(4000)
    expect(quantileOf([], 0.99)).toBe(0)
  })
})
