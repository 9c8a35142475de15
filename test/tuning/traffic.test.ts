import { describe, expect, it } from 'vitest'
import { SPLIT_ABOVE_ROWS, SPLIT_TARGET_ROWS } from '#dist/buckets/layout.js'
import { HEADROOM, REBUILD_MINIMUM, REBUILD_SHARE } from '#dist/engine/live-prefilter.js'
import { readOptions } from '#dist/options.js'
import { fieldOf } from '#dist/redis/prefix-cache/keys.js'
import { FIELD_BITS, prefixBitsNeeded, redisLayer } from '#dist/tuning/redis-layer.js'
import { cacheShare, ENGINE, population, revocationsOf, type Traffic } from '#dist/tuning/traffic.js'

describe('the constants of the model', () => {
  it('are those of the engine', () => {
    const { graceSeconds, cacheEntries } = readOptions({})
    expect(ENGINE).toEqual({
      keptSeconds: graceSeconds,
      headroom: HEADROOM,
      rebuildShare: REBUILD_SHARE,
      rebuildMinimum: REBUILD_MINIMUM,
      cacheEntries,
    })
    expect({ SPLIT_ABOVE_ROWS, SPLIT_TARGET_ROWS }).toEqual({ SPLIT_ABOVE_ROWS: 256, SPLIT_TARGET_ROWS: 64 })
    expect(FIELD_BITS).toBe(8 * fieldOf(new Int32Array(4)).length)
  })
})

describe('the population of the layers', () => {
  it('follows from Little’s law and the grace', () => {
    // 1800 alive for 1800 s on average: one a second. Each stays 3660 s longer.
    expect(population({ revocations: 1800, tokenLifeSeconds: 3600 })).toEqual({
      perSecond: 1,
      kept: 1800 + 3660,
      capacity: 11_000,
      fullest: 7280,
    })
  })

  it('is mostly what has expired where tokens are short-lived, and mostly what lives elsewhere', () => {
    expect(population({ revocations: 1e6, tokenLifeSeconds: 300 }).kept).toBeGreaterThan(25e6)
    expect(population({ revocations: 1e6, tokenLifeSeconds: 30 * 86_400 }).kept).toBeLessThan(1.003e6)
  })

  it('never holds more than it is made for', () => {
    for (const revocations of [1, 100, 1e4, 1e6, 1e8]) {
      for (const tokenLifeSeconds of [60, 3600, 1e6]) {
        const { kept, capacity, fullest } = population({ revocations, tokenLifeSeconds })
        expect(fullest).toBeLessThanOrEqual(capacity)
        expect(kept).toBeLessThanOrEqual(fullest)
        expect(Math.abs(revocationsOf(kept, tokenLifeSeconds) - revocations)).toBeLessThanOrEqual(1)
      }
    }
  })
})

describe('the share that the verdict cache answers', () => {
  /** An LRU of entries, and revoked tokens that come and go, checked at random. */
  function simulated({
    revocations,
    checksPerSecond,
    revokedShare,
    tokenLifeSeconds,
    cacheEntries = 0,
  }: Traffic): number {
    let state = 1
    const random = (): number => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff
    const checksOfOne = (checksPerSecond * revokedShare * tokenLifeSeconds) / 2 / revocations
    const tokens = Array.from({ length: revocations }, (_, i) => i)
    const lru = new Set<number>()
    let [next, hits, asked] = [revocations, 0, 0]
    const rounds = revocations * Math.max(40, checksOfOne * 20)
    for (let i = 0; i < rounds; i++) {
      const slot = Math.floor(random() * revocations)
      // As many are replaced as checks are made, divided by the checks that each lives to see.
      if (random() < 1 / (1 + checksOfOne)) {
        tokens[slot] = next++
        continue
      }
      const token = tokens[slot] ?? NaN
      const hit = lru.delete(token)
      lru.add(token)
      if (lru.size > cacheEntries)
        for (const oldest of lru) {
          lru.delete(oldest)
          break
        }
      if (i > rounds / 2) [hits, asked] = [hits + Number(hit), asked + 1]
    }
    return hits / asked
  }

  const base = { revocations: 2000, revokedShare: 0.01, tokenLifeSeconds: 3600 }

  it.each([
    ['all fit, each is asked often', { ...base, checksPerSecond: 2000, cacheEntries: 4000 }],
    ['a quarter fits', { ...base, checksPerSecond: 2000, cacheEntries: 500 }],
    ['none is asked twice', { ...base, checksPerSecond: 1, cacheEntries: 4000 }],
  ])('is that of an LRU cache where %s', (_name, traffic) => {
    // Life is exponential there and uniform in the model: what is asked once or twice differs by a little.
    expect(Math.abs(cacheShare(traffic) - simulated(traffic))).toBeLessThan(0.06)
  })

  it('is nothing without checks of revoked tokens, and never more than all', () => {
    expect(cacheShare({ ...base, checksPerSecond: 100, revokedShare: 0 })).toBe(0)
    expect(cacheShare({ ...base, checksPerSecond: 1e7, revokedShare: 1 })).toBeLessThanOrEqual(1)
  })
})

describe('Redis', () => {
  it('takes 15 to 20 bytes a revocation, as docs/redis.md says', () => {
    for (const kept of [2e4, 1e5, 1e6, 3e6]) {
      const { bytes } = redisLayer({ kept, perSecond: 1, capacity: 0, fullest: 0 }, 300)
      expect(bytes / kept).toBeGreaterThan(15)
      expect(bytes / kept).toBeLessThan(20)
    }
  })

  it('has one bucket of few, and divides what would pass its rows', () => {
    for (const kept of [1, 256, 257, 5000, 1e6, 3e8]) {
      const { bucketBits, rowsPerBucket } = redisLayer({ kept, perSecond: 1, capacity: 0, fullest: 0 }, 300)
      expect(rowsPerBucket * 2 ** bucketBits).toBeCloseTo(kept)
      if (bucketBits > 0) expect(rowsPerBucket).toBeGreaterThanOrEqual(SPLIT_TARGET_ROWS)
      if (kept <= 4e6) expect(rowsPerBucket).toBeLessThanOrEqual(SPLIT_ABOVE_ROWS)
    }
  })

  it('proves less the more changes there are within a round trip', () => {
    const unproven = (perSecond: number, rtt: number): number =>
      redisLayer({ kept: 1e6, perSecond, capacity: 0, fullest: 0 }, rtt).unprovenShare
    expect(unproven(0, 300)).toBe(0)
    expect(unproven(200, 300)).toBeGreaterThan(unproven(100, 300))
    expect(unproven(100, 3000)).toBeGreaterThan(unproven(100, 300))
  })

  it('needs the bits of the birthday bound', () => {
    // A million lookups a day against 2^20 entries: with b bits, 2^20 · 1e6 / 2^b of them meet one by chance.
    const bits = prefixBitsNeeded(1e6, 2 ** 20, 10)
    expect((1e6 * 2 ** 20) / 2 ** bits).toBeCloseTo(10)
    expect(prefixBitsNeeded(1, 1, 100)).toBe(0)
  })
})
