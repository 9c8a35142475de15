import { describe, expect, it } from 'vitest'
import { type Mix, QueryStream } from '../../bench/inputs/query-stream.js'
import { Random } from '../../bench/inputs/random.js'
import { Zipf } from '../../bench/inputs/zipf.js'

const DRAWS = 200_000

function shares(draw: () => number): Map<number, number> {
  const counts = new Map<number, number>()
  for (let i = 0; i < DRAWS; i++) {
    const value = draw()
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return new Map([...counts].map(([value, count]) => [value, count / DRAWS]))
}

describe("Zipf's ranks", () => {
  it.each([
    [1, 1],
    [10, 0.5],
    [10, 0.99],
    [10, 1],
    [1000, 0.99],
    [1000, 2],
  ])('of %d come as often as their power of %d says', (n, exponent) => {
    const zipf = new Zipf(n, exponent, new Random('zipf', n, exponent))
    const found = shares(() => zipf.next())
    let total = 0
    for (let rank = 1; rank <= n; rank++) total += rank ** -exponent
    for (let rank = 1; rank <= Math.min(n, 10); rank++) {
      const expected = rank ** -exponent / total
      // Five standard deviations.
      expect(Math.abs((found.get(rank) ?? 0) - expected)).toBeLessThanOrEqual(
        5 * Math.sqrt((expected * (1 - expected)) / DRAWS),
      )
    }
    for (const rank of found.keys()) expect(Number.isInteger(rank) && rank >= 1 && rank <= n).toBe(true)
  })

  it('reach the last of twenty million', () => {
    const zipf = new Zipf(20_000_000, 0.99, new Random('zipf'))
    let largest = 0
    for (let i = 0; i < DRAWS; i++) largest = Math.max(largest, zipf.next())
    expect(largest).toBeGreaterThan(19_000_000)
    expect(largest).toBeLessThanOrEqual(20_000_000)
  })
})

describe('questions', () => {
  const n = 1000
  const hitsOf = (mix: Mix): number => {
    const questions = new QueryStream(mix, n, new Random('questions', mix))
    let hits = 0
    for (let i = 0; i < DRAWS; i++) if (questions.next() < n) hits++
    return hits / DRAWS
  }

  it('are hits, misses, or one as often as the other', () => {
    expect(hitsOf('hit')).toBe(1)
    expect(hitsOf('miss')).toBe(0)
    expect(hitsOf('mixed')).toBeCloseTo(0.5, 2)
  })

  it('by Zipf ask for every key, and for one far more often than for most', () => {
    const questions = new QueryStream('zipf', n, new Random('questions'))
    const found = shares(() => questions.next())
    expect(found.size).toBeGreaterThan(1.99 * n)
    expect(Math.max(...found.keys())).toBe(2 * n - 1)
    expect(Math.max(...found.values())).toBeGreaterThan(50 / (2 * n))
  })

  it('by miss hardly ask for one twice', () => {
    const questions = new QueryStream('miss', n, new Random('questions'))
    expect(shares(() => questions.next()).size).toBeGreaterThan(DRAWS * 0.999)
  })
})
