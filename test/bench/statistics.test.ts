import { describe, expect, it } from 'vitest'
import { growth } from '../../bench/harness/growth.js'
import { wilsonInterval } from '../../bench/harness/wilson.js'

describe("Wilson's interval", () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven methods" (1998),
  // table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %d in %d is that of the literature', (hits, trials, least, most) => {
    const interval = wilsonInterval(hits, trials)
    expect(interval.map((bound) => Number(bound.toFixed(4)))).toEqual([least, most])
  })

  it('is the same the other way round', () => {
    const [least, most] = wilsonInterval(3, 50)
    const [otherLeast, otherMost] = wilsonInterval(47, 50)
    expect(1 - otherMost).toBeCloseTo(least, 12)
    expect(1 - otherLeast).toBeCloseTo(most, 12)
  })

  it('does not leave 0 to 1, where nothing or everything was counted', () => {
    expect(wilsonInterval(0, 1_000_000)[0]).toBe(0)
    expect(wilsonInterval(1000, 1000)[1]).toBe(1)
  })
})

describe('the growth exponent', () => {
  const sizes = [1000, 10_000, 100_000, 1_000_000]

  it.each([0, 0.5, 1, 2, -0.3])('of n^%d is that, and sure', (exponent) => {
    const { exponent: found, standardError } = growth(sizes.map((n) => ({ n, value: 7 * n ** exponent })))
    expect(found).toBeCloseTo(exponent, 10)
    expect(standardError).toBeCloseTo(0, 7)
  })

  it('is as unsure as the points lie off the line', () => {
    // In powers of e, at 1, 2 and 3: 0, 3 and 3. The slope is 1.5, the residuals are -0.5, 1 and -0.5:
    // √(1.5 ÷ 1 ÷ 2).
    const logs = [
      [1, 0],
      [2, 3],
      [3, 3],
    ] as const
    const points = logs.map(([x, y]) => ({ n: Math.exp(x), value: Math.exp(y) }))
    const { exponent, standardError } = growth(points)
    expect(exponent).toBeCloseTo(1.5, 12)
    expect(standardError).toBeCloseTo(Math.sqrt(0.75), 12)
  })
})
