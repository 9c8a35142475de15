import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestSource } from '#dist/cli/tune/digests.js'
import { BloomPrefilter } from '#dist/prefilter/bloom.js'
import { BloomTable } from '#dist/prefilter/bloom-table.js'
import { bloomRate, bloomShape, MAX_BLOCKS } from '#dist/prefilter/sizing.js'

function filled(filter: BloomPrefilter, entries: number, seed: number): BloomPrefilter {
  const next = digestSource(seed)
  const digest = new Int32Array(4)
  for (let i = 0; i < entries; i++) filter.add(next(digest))
  return filter
}

function measuredRate(filter: BloomPrefilter, probes: number, seed: number): number {
  const next = digestSource(seed)
  const digest = new Int32Array(4)
  let positives = 0
  for (let i = 0; i < probes; i++) if (filter.has(next(digest))) positives++
  return positives / probes
}

describe('bloom false-positive rate', () => {
  const cases = [
    { target: 1e-2, probes: 1e6, mostBits: 10.2 },
    { target: 1e-3, probes: 5e6, mostBits: 15.8 },
    { target: 1e-4, probes: 2e7, mostBits: 24 },
    { target: 1e-5, probes: 3e7, mostBits: 30 },
  ]
  it.each(cases)(
    'bloom keeps its rate of $target at 100 % fill, in at most $mostBits bits an entry',
    ({ target, probes, mostBits }) => {
      const entries = 100_000
      const filter = filled(BloomPrefilter.create(entries, target), entries, 1)
      const expected = filter.expectedFalsePositiveRate
      expect(expected).toBeLessThanOrEqual(target)
      expect(expected).toBeGreaterThan(0.95 * target)
      expect((filter.bytes * 8) / entries).toBeLessThanOrEqual(mostBits)
      const measured = measuredRate(filter, probes, 2)
      // 4.5 sigmas of the sample, and 3 % for the model and the variance of one filter.
      const tolerance = 0.03 + 4.5 / Math.sqrt(expected * probes)
      expect(measured / expected).toBeGreaterThan(1 - tolerance)
      expect(measured / expected).toBeLessThan(1 + tolerance)
      expect(measured).toBeLessThan(1.3 * target)
    },
  )

  it('bloom stays below twice its target rate far past its capacity', () => {
    const filter = filled(BloomPrefilter.create(2000, 1e-2), 100_000, 3)
    expect(filter.capacity).toBe(2000)
    expect(filter.expectedFalsePositiveRate).toBeLessThan(2e-2)
    const measured = measuredRate(filter, 1e6, 4)
    expect(measured / filter.expectedFalsePositiveRate).toBeGreaterThan(0.9)
    expect(measured / filter.expectedFalsePositiveRate).toBeLessThan(1.1)
  })

  it('bloom ignores the digest words that deeper layers use', () => {
    const filter = BloomPrefilter.create(1000, 1e-4)
    filter.add(Int32Array.of(1, 2, 3, 4))
    expect(filter.has(Int32Array.of(9, 9, 3, 4))).toBe(true)
    expect(filter.has(Int32Array.of(1, 2, 3, 5))).toBe(false)
    expect(filter.has(Int32Array.of(1, 2, 4, 4))).toBe(false)
  })
})

describe('bloom sizing', () => {
  it('bloom sizing keeps the rate for any number of entries', () => {
    const entries = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 1e8 }))
    const rates = fc.double({ min: -9, max: -0.302, noNaN: true }).map((exponent) => 10 ** exponent)
    fc.assert(
      fc.property(entries, rates, (count, rate) => {
        const shape = bloomShape(count, rate)
        expect(bloomRate(count, shape)).toBeLessThanOrEqual(rate)
        if (shape.blocks > 1000) {
          const smaller = { ...shape, blocks: Math.floor(shape.blocks * 0.995) }
          expect(bloomRate(count, smaller)).toBeGreaterThan(rate)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('bloom sizing knows the rate of the simplest filters', () => {
    const shape = { blocks: 1, probes: 4 }
    expect(bloomRate(0, shape)).toBe(0)
    // One entry sets 4 bits of 512, rarely fewer. A query must find its 4 among them.
    expect(bloomRate(1, shape) / (4 / 512) ** 4).toBeCloseTo(1, 1)
    expect(bloomRate(1e6, shape)).toBeCloseTo(1, 6)
    expect(bloomRate(1e6, { blocks: 3, probes: 4 })).toBe(1)
  })

  it('bloom table finds a block for every digest, even in the largest table', () => {
    // Compares the expression of BloomTable with whole numbers: rounding must not change a block.
    for (const blocks of [1, 2, 3, 1000, 2 ** 21 + 1, MAX_BLOCKS - 1, MAX_BLOCKS]) {
      for (const first of [0, 1, 0x7fffffff, -0x80000000, -2, -1]) {
        const block = ((first >>> 0) * (blocks * 2 ** -32)) | 0
        expect(block).toBe(Number((BigInt(first >>> 0) * BigInt(blocks)) >> 32n))
        expect(block).toBeLessThan(blocks)
      }
    }
  })

  it('bloom table sets one bit of a block per probe, fewer if they coincide', () => {
    const next = digestSource(5)
    for (let i = 0; i < 100; i++) {
      const table = new BloomTable({ blocks: 7, probes: 12 })
      const digest = next(new Int32Array(4))
      expect(table.has(digest)).toBe(false)
      table.add(digest)
      expect(table.has(digest)).toBe(true)
      const set = [...table.words.keys()].filter((word) => table.words[word] !== 0)
      const block = Math.floor((((digest[2] ?? 0) >>> 0) * 7) / 2 ** 32)
      expect(new Set(set.map((word) => word >> 4))).toEqual(new Set([block]))
      const bits = set.reduce(
        (sum, word) => sum + ((table.words[word] ?? 0) >>> 0).toString(2).replaceAll('0', '').length,
        0,
      )
      expect(bits).toBeGreaterThan(8)
      expect(bits).toBeLessThanOrEqual(12)
    }
  })
})
