import { describe, expect, it } from 'vitest'
import { ExactPrefilter } from '#dist/prefilter/exact.js'
import { TriePrefilter } from '#dist/prefilter/trie.js'
import { someDigests } from '#dist/testing/prefilter-suite.js'

const makers = [
  ['trie', () => new TriePrefilter(100_000, 40)],
  ['exact', () => new ExactPrefilter(100_000)],
] as const

describe.each(makers)('%s', (_, make) => {
  it('forgets what is deleted and nothing else', () => {
    const filter = make()
    const digests = someDigests(1, 100_000)
    expect(digests.every((digest) => filter.add(digest))).toBe(true)
    const full = filter.bytes
    const [kept, gone] = [digests.filter((_, i) => i % 10 === 0), digests.filter((_, i) => i % 10 !== 0)]
    expect(gone.every((digest) => filter.delete(digest))).toBe(true)
    expect(filter.entries).toBe(kept.length)
    expect(kept.every((digest) => filter.has(digest))).toBe(true)
    expect(gone.some((digest) => filter.has(digest))).toBe(false)
    expect(gone.some((digest) => filter.delete(digest))).toBe(false)
    expect(kept.every((digest) => filter.has(digest))).toBe(true)
    expect(filter.bytes).toBeLessThanOrEqual(full)
  })
})

describe('trie', () => {
  it('packs: 16 bits an entry in the leaf, a tenth of slack, and 2 Mbit of root', () => {
    const filter = new TriePrefilter(400_000, 32)
    for (const digest of someDigests(2, 400_000)) filter.add(digest)
    expect(filter.bytes * 8).toBeLessThan(1.1 * 16 * filter.entries + 2 ** 21)
  })

  it('grows by a bounded amount where one digest is added again and again', () => {
    const filter = new TriePrefilter(1000, 32)
    const [digest] = someDigests(3, 1)
    for (let i = 0; i < 10; i++) filter.add(digest)
    const after10 = filter.bytes
    for (let i = 0; i < 10_000; i++) expect(filter.add(digest)).toBe(false)
    expect(filter.bytes).toBe(after10)
    for (let i = 0; i < 10_009; i++) expect(filter.delete(digest)).toBe(true)
    expect(filter.has(digest)).toBe(true)
    expect(filter.delete(digest)).toBe(true)
    expect(filter.has(digest)).toBe(false)
  })
})

describe('exact', () => {
  it('tells digests apart by any single bit', () => {
    const filter = new ExactPrefilter(1)
    const digest = Int32Array.of(1, 2, 3, 4)
    filter.add(digest)
    for (let bit = 0; bit < 128; bit++) {
      const other = Int32Array.from(digest)
      other[bit >> 5] ^= 1 << (bit & 31)
      expect(filter.has(other)).toBe(false)
    }
  })

  it('is read in as quickly as it was built: slots in order do not pile up', () => {
    const filter = new ExactPrefilter(1)
    for (const digest of someDigests(4, 200_000)) filter.add(digest)
    const again = ExactPrefilter.decode(Buffer.concat(filter.encode()))
    expect(again.entries).toBe(200_000)
    expect(again.bytes).toBeLessThanOrEqual(1.2 * filter.bytes)
  })
})
