import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { candidates } from '#dist/tuning/candidates.js'
import { activeNs, CORES_PER_GIB, type Costs, DEFAULT_COSTS } from '#dist/tuning/costs.js'
import { bestRate, type RateQuestion } from '#dist/tuning/optimum.js'
import { predict, type Prediction } from '#dist/tuning/predict.js'
import { recommend } from '#dist/tuning/recommend.js'
import { redisLayer } from '#dist/tuning/redis-layer.js'
import { cacheShare, population, type Traffic } from '#dist/tuning/traffic.js'

const TRAFFIC: Traffic = {
  revocations: 1e5,
  checksPerSecond: 2000,
  revokedShare: 0.01,
  tokenLifeSeconds: 3600,
  redisRttUs: 300,
}

function predictions(traffic: Traffic, costs: Costs = DEFAULT_COSTS): Prediction[] {
  const people = population(traffic)
  return candidates(people, true).map((candidate) =>
    predict(candidate, traffic, { costs, layer: redisLayer(people, traffic.redisRttUs ?? 0) }),
  )
}

/** The cost that `bestRate` minimises: cores for bits and for exact lookups. */
function costAtRate(rate: number, { entries, checksPerSecond, lookSeconds }: RateQuestion): number {
  const bits = (entries * Math.log2(1 / rate)) / Math.LN2
  return (CORES_PER_GIB / 2 ** 33) * bits + checksPerSecond * lookSeconds * rate
}

const named = (all: readonly Prediction[], name: string): Prediction => {
  const found = all.find(({ candidate }) => candidate.name === name)
  if (found === undefined) throw new Error(`no ${name}`)
  return found
}

describe('a prediction', () => {
  it('adds up by hand, without Redis', () => {
    const { candidate, ...one } = named(predictions(TRAFFIC), 'bloom 1e-2')
    const mistakes = 0.99 * candidate.falsePositiveRate
    const unknown = 0.01 * (1 - cacheShare(TRAFFIC))
    const active = activeNs(DEFAULT_COSTS, 'bloom', candidate.bytes, candidate.entries)
    const wait = active - (DEFAULT_COSTS.active[0]?.[1] ?? NaN)
    const { storePath, storeRead, cached } = DEFAULT_COSTS
    const meanNs =
      (0.99 - mistakes) * active +
      (mistakes + unknown) * (wait + storePath + storeRead) +
      (0.01 - unknown) * (wait + cached)
    expect(one.leavesProcess).toBeCloseTo(mistakes + unknown, 12)
    expect(one.meanNs).toBeCloseTo(meanNs, 6)
    expect(one.falseStoreReadsPerDay).toBeCloseTo(2000 * 86_400 * mistakes, 6)
    expect(one.storeReadsPerDay).toBeCloseTo(2000 * 86_400 * (mistakes + unknown), 3)
    expect(one.costCores).toBeCloseTo((2000 * meanNs) / 1e9 + (candidate.bytes / 2 ** 30) * CORES_PER_GIB, 9)
    expect({ redis: one.redisBytes, bits: one.prefixCacheBits }).toEqual({ redis: null, bits: null })
  })

  it('adds up by hand, with Redis', () => {
    const layer = redisLayer(population(TRAFFIC), 300)
    const alone = named(predictions(TRAFFIC), 'bloom 1e-2')
    const redis = named(predictions(TRAFFIC), 'bloom 1e-2, Redis')
    const through = layer.falsePositiveRate + layer.unprovenShare
    expect(redis.falseStoreReadsPerDay / alone.falseStoreReadsPerDay / through).toBeCloseTo(1, 9)
    expect(redis.leavesProcess).toBe(alone.leavesProcess)
    expect(redis).toMatchObject({ redisBytes: layer.bytes, prefixCacheBits: 48 + layer.bucketBits })
    const more =
      alone.leavesProcess * (DEFAULT_COSTS.redisPath + 300_000) -
      alone.leavesProcess * DEFAULT_COSTS.storePath
    // But for the reads of the store that Redis saves.
    const saved =
      ((alone.falseStoreReadsPerDay - redis.falseStoreReadsPerDay) / 2000 / 86_400) * DEFAULT_COSTS.storeRead
    expect(redis.meanNs - alone.meanNs).toBeCloseTo(more - saved, 3)
  })

  it('gets no better when the traffic gets worse', () => {
    const worse: readonly [keyof Traffic, number][] = [
      ['revokedShare', 0.1],
      ['redisRttUs', 3000],
      ['revocations', 1e6],
    ]
    const before = predictions(TRAFFIC)
    for (const [name, value] of worse) {
      for (const one of predictions({ ...TRAFFIC, [name]: value })) {
        const was = named(before, one.candidate.name)
        // Where the prefilter lets nearly all through, the quick tokens are those that the cache knows to be
        // revoked.
        if (one.candidate.falsePositiveRate > 0.1) continue
        expect(one.meanNs, `${name} ${one.candidate.name}`).toBeGreaterThanOrEqual(was.meanNs)
        expect(one.leavesProcess).toBeGreaterThanOrEqual(was.leavesProcess)
      }
    }
  })

  it('has a p99 of the store where most checks go there, and of the prefilter where hardly any does', () => {
    const all = predictions({ ...TRAFFIC, revokedShare: 0, redisRttUs: 5000 })
    expect(named(all, 'trie 16, Redis').p99Ns).toBeGreaterThan(5e6)
    expect(named(all, 'bloom 1e-4, Redis').p99Ns).toBeLessThan(1e4)
  })
})

describe('a check that the prefilter answers', () => {
  it('takes what was measured, in between what lies in between, and never less for a larger table', () => {
    const costs: Costs = {
      ...DEFAULT_COSTS,
      active: [
        [1000, 100],
        [100_000, 200],
        [1e7, 190],
      ],
    }
    const at = (bytes: number) => activeNs(costs, 'bloom', bytes, 10)
    expect([10, 1000, 10_000, 100_000].map(at)).toEqual([100, 100, 150, 200])
    expect(at(1e6)).toBe(200)
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e10, noNaN: true }),
        fc.double({ min: 1, max: 10, noNaN: true }),
        (bytes, factor) => {
          for (const kind of ['bloom', 'trie', 'exact'] as const) {
            expect(activeNs(DEFAULT_COSTS, kind, bytes * factor, 10)).toBeGreaterThanOrEqual(
              activeNs(DEFAULT_COSTS, kind, bytes, 10) - 1e-6,
            )
          }
        },
      ),
    )
  })
})

describe('the best rate by the formula', () => {
  const question = fc.record({
    entries: fc.double({ min: 1, max: 1e9, noNaN: true }),
    checksPerSecond: fc.double({ min: 1, max: 1e7, noNaN: true }),
    lookSeconds: fc.double({ min: 1e-6, max: 1, noNaN: true }),
  })

  it('costs less than any other', () => {
    fc.assert(
      fc.property(question, fc.double({ min: 1e-9, max: 0.5, noNaN: true }), (asked, other) => {
        expect(costAtRate(bestRate(asked), asked)).toBeLessThanOrEqual(costAtRate(other, asked) * (1 + 1e-9))
      }),
    )
  })

  it('is lower the dearer a look, and higher the more entries', () => {
    const asked = { entries: 1e6, checksPerSecond: 1000, lookSeconds: 1e-5 }
    expect(bestRate({ ...asked, lookSeconds: 3e-4 })).toBeCloseTo(bestRate(asked) / 30, 12)
    expect(bestRate({ ...asked, entries: 3e6 })).toBeCloseTo(bestRate(asked) * 3, 12)
  })
})

describe('a recommendation', () => {
  it('says which bits the prefix cache needs behind the chosen prefilter', () => {
    const { prefixBits, choice } = recommend({ ...TRAFFIC, storeReadsPerDay: 50 }, DEFAULT_COSTS)
    const { kept } = population(TRAFFIC)
    const looks = 2000 * 86_400 * 0.99 * choice.chosen.candidate.falsePositiveRate
    expect((looks * kept) / 2 ** (prefixBits?.needed ?? 0)).toBeCloseTo(50, 6)
    expect(prefixBits?.present).toBe(named(predictions(TRAFFIC), 'exact, Redis').prefixCacheBits)
  })

  it('refuses what no engine can hold', () => {
    expect(() => recommend({ ...TRAFFIC, revocations: 4e8 }, DEFAULT_COSTS)).toThrow(RangeError)
    expect(() =>
      recommend({ ...TRAFFIC, revocations: 4e8, tokenLifeSeconds: 86_400 * 30 }, DEFAULT_COSTS),
    ).not.toThrow()
  })
})
