import { describe, expect, it } from 'vitest'
import { digestSource } from '#dist/cli/tune/digests.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { type Candidate, candidates, withEntries } from '#dist/tuning/candidates.js'
import { population } from '#dist/tuning/traffic.js'

/** Probes for a rate, in all. */
const PROBES = 1_600_000

/** The filter itself, full of random digests, and what it does. Small ones differ, so there are several. */
async function built(candidate: Candidate) {
  const filters = Math.min(40, Math.ceil(80_000 / candidate.entries))
  const [random, others] = [digestSource(11), digestSource(12)]
  const digest = new Int32Array(4)
  let [bytes, positives] = [0, 0]
  for (let built = 0; built < filters; built++) {
    const prefilter = await createPrefilter(candidate.prefilter)
    for (let i = 0; i < candidate.entries; i++) prefilter.add(random(digest))
    for (let i = 0; i < PROBES / filters; i++) if (prefilter.has(others(digest))) positives++
    bytes += prefilter.bytes / filters
  }
  return { bytes, positives }
}

const all = (revocations: number, tokenLifeSeconds = 3600) =>
  candidates(population({ revocations, tokenLifeSeconds }), false)

describe.each([1, 3000, 60_000])(
  'candidates for %d revocations against filters that were built',
  (revocations) => {
    it.each(all(revocations).map((candidate) => [candidate.name, candidate] as const))(
      '%s: memory and false positives',
      async (_name, candidate) => {
        const { bytes, positives } = await built(candidate)
        const { kind } = candidate.prefilter
        if (kind === 'bloom') expect(bytes).toBeCloseTo(candidate.bytes, 3)
        // Pages and shards grow in steps: how full they are is known on average only.
        // With few entries it is hardly known at all.
        else expect(Math.abs(Math.log(bytes / candidate.bytes))).toBeLessThan(revocations === 1 ? 0.2 : 0.06)
        const expected = PROBES * candidate.falsePositiveRate
        // Five standard deviations of what was counted, and a twentieth for the model.
        expect(Math.abs(positives - expected)).toBeLessThanOrEqual(5 * Math.sqrt(expected) + 0.05 * expected)
        expect(positives > 0 || expected < 25).toBe(true)
      },
    )
  },
)

describe('candidates', () => {
  it('with more memory make fewer mistakes', () => {
    for (const kind of ['bloom', 'trie'] as const) {
      const some = all(1e6).filter(({ prefilter }) => prefilter.kind === kind)
      for (const [i, one] of some.slice(1).entries()) {
        const before = some[i]
        expect(one.falsePositiveRate).toBeLessThan(before?.falsePositiveRate ?? 0)
        if (kind === 'bloom') expect(one.bytes).toBeGreaterThan(before?.bytes ?? Infinity)
      }
    }
  })

  it('for more revocations take more memory', () => {
    const sizes = [1e4, 1e5, 1e6, 1e7].map(
      (revocations) => new Map(all(revocations).map(({ name, bytes }) => [name, bytes])),
    )
    for (const [i, size] of sizes.entries())
      for (const [name, bytes] of size) {
        if (i === 0) continue
        const fewer = sizes[i - 1]?.get(name) ?? Infinity
        // A trie of 16 bits holds all its 65,536 prefixes long before 1e6 revocations.
        if (name.startsWith('trie 16')) expect(bytes, name).toBeGreaterThanOrEqual(fewer)
        else expect(bytes, name).toBeGreaterThan(fewer)
      }
  })

  it('let through at their fullest no more than they were asked for', () => {
    for (const { prefilter, falsePositiveRate } of all(1e5))
      if (prefilter.kind === 'bloom') expect(falsePositiveRate).toBeLessThan(prefilter.falsePositiveRate ?? 0)
  })

  it('leave out filters that would pass 2 GiB', async () => {
    const names = all(3e8, 1e6).map(({ name }) => name)
    expect(names).toContain('bloom 1e-1')
    expect(names).not.toContain('bloom 1e-8')
    await expect(
      createPrefilter({ kind: 'bloom', falsePositiveRate: 1e-8, expectedRevocations: 610_000_000 }),
    ).rejects.toThrow()
  })

  it('are there twice where there is a Redis, and alike but for it', () => {
    const people = population({ revocations: 1000, tokenLifeSeconds: 3600 })
    const alone = candidates(people, false)
    const both = candidates(people, true)
    expect(both.slice(0, alone.length)).toEqual(alone)
    expect(both.slice(alone.length)).toEqual(
      alone.map((one) => ({ ...one, name: `${one.filter}, Redis`, redis: true })),
    )
  })

  it('are what they were with fewer entries in them', () => {
    for (const one of candidates(population({ revocations: 1e5, tokenLifeSeconds: 3600 }), true)) {
      const fewer = withEntries(one, 1000, 303_334)
      expect(fewer).toMatchObject({
        name: one.name,
        redis: one.redis,
        prefilter: one.prefilter,
        entries: 1000,
      })
      expect(fewer.falsePositiveRate).toBeLessThanOrEqual(one.falsePositiveRate)
      expect(withEntries(one, one.entries, 303_334)).toEqual(one)
    }
  })
})
