import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choose, fitOf } from '#dist/tuning/choose.js'
import { DEFAULT_COSTS } from '#dist/tuning/costs.js'
import { recommend } from '#dist/tuning/recommend.js'
import type { Traffic } from '#dist/tuning/traffic.js'

const TRAFFIC: Traffic = {
  revocations: 1e6,
  checksPerSecond: 5000,
  revokedShare: 0.001,
  tokenLifeSeconds: 3600,
}
const MIB = 2 ** 20
const choiceFor = (more: Partial<Traffic>) => recommend({ ...TRAFFIC, ...more }, DEFAULT_COSTS).choice

describe('the choice', () => {
  const traffic = fc
    .record({
      revocations: fc.integer({ min: 1, max: 1e8 }),
      checksPerSecond: fc.double({ min: 0.1, max: 1e6, noNaN: true }),
      revokedShare: fc.double({ min: 0, max: 1, noNaN: true }),
      tokenLifeSeconds: fc.integer({ min: 600, max: 1e7 }),
      redisRttUs: fc.option(fc.double({ min: 1, max: 1e6, noNaN: true }), { nil: undefined }),
      memoryBytes: fc.option(fc.double({ min: 1e3, max: 1e10, noNaN: true }), { nil: undefined }),
      storeReadsPerDay: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
    })
    .filter(({ revocations, tokenLifeSeconds }) => revocations * (1 + 7320 / tokenLifeSeconds) < 4e8)

  it('keeps the budget where anything does, and then costs least', () => {
    fc.assert(
      fc.property(traffic, (given) => {
        const { predictions, choice } = recommend(given, DEFAULT_COSTS)
        const kept = predictions.filter((one) => {
          const { memory, storeReads } = fitOf(one, given)
          return memory && storeReads
        })
        expect(choice.fits).toBe(kept.length > 0)
        if (choice.fits) {
          expect(kept).toContain(choice.chosen)
          expect(choice.chosen.costCores).toBe(Math.min(...kept.map(({ costCores }) => costCores)))
        }
        expect(choice.ranked).toHaveLength(predictions.length)
        expect(choice.reasons.length).toBeGreaterThan(0)
        for (const reason of choice.reasons) expect(reason).not.toMatch(/NaN|undefined|Infinity/)
      }),
      { numRuns: 150 },
    )
  })

  it('is as near as can be where nothing keeps it', () => {
    const { predictions, choice } = recommend({ ...TRAFFIC, memoryBytes: MIB / 32 }, DEFAULT_COSTS)
    expect(choice.fits).toBe(false)
    expect(choice.chosen.memoryBytes).toBe(Math.min(...predictions.map(({ memoryBytes }) => memoryBytes)))
  })

  it('takes no costlier prefilter when there is more memory', () => {
    const costs = [5, 10, 20, 40, 80].map(
      (mib) => choiceFor({ memoryBytes: mib * MIB, storeReadsPerDay: 1e4 }).chosen.costCores,
    )
    for (const [i, cost] of costs.entries())
      if (i > 0) expect(cost).toBeLessThanOrEqual(Math.max(...costs.slice(0, i)))
  })
})

describe('the reasons', () => {
  it('name what was cheaper, and the budget that forbids it', () => {
    const [first, second] = choiceFor({ storeReadsPerDay: 100 }).reasons
    expect(first).toMatch(/^bloom 1e-6 costs least of the \d of 13 candidates that keep the budget/)
    expect(second).toMatch(
      /^bloom 1e-\d would cost .* but lets too many false positives through to the store\.$/,
    )
    expect(choiceFor({ checksPerSecond: 1e6, memoryBytes: 5 * MIB }).reasons[1]).toMatch(
      /but takes more memory than there is\.$/,
    )
  })

  it('say what is missed where nothing keeps the budget', () => {
    expect(choiceFor({ memoryBytes: MIB / 32 }).reasons).toEqual([
      expect.stringMatching(/^Nothing keeps the budget\. .* misses it by least: it takes [\d.]+ MiB\.$/),
      'Give more memory.',
    ])
    expect(choiceFor({ memoryBytes: 5 * MIB, storeReadsPerDay: 1 }).reasons[1]).toMatch(
      /^(?:Give more memory|Allow more reads)/,
    )
  })

  it('weigh Redis by its round trip', () => {
    expect(choiceFor({ redisRttUs: 300 }).reasons.at(-1)).toContain(
      'No Redis for the sake of lookups: a read of the store takes 3.8 µs, a round trip to Redis 300 µs.',
    )
    // A store that is far away, and a Redis that is near.
    const costs = { ...DEFAULT_COSTS, storeRead: 5e6 }
    const { predictions, choice } = recommend({ ...TRAFFIC, redisRttUs: 50, memoryBytes: 5 * MIB }, costs)
    expect(choice.chosen.candidate.redis).toBe(true)
    expect(choice.reasons.at(-1)).toBe(
      'Redis takes nearly all false positives off the store; ' +
        'a read of the store takes 5 ms, a round trip to Redis 50 µs.',
    )
    expect(choose(predictions, { ...TRAFFIC, redisRttUs: 50 }, costs).ranked).toHaveLength(26)
  })
})
