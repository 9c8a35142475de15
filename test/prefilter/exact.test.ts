import { someDigests } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { ExactPrefilter } from '#dist/prefilter/exact.js'

describe('exact', () => {
  it('exact tells digests apart by any single bit', () => {
    const filter = new ExactPrefilter(1)
    const words = [1, 2, 3, 4]
    filter.add(Int32Array.from(words))
    for (let bit = 0; bit < 128; bit++) {
      const other = Int32Array.from(words, (word, i) => (i === bit >> 5 ? word ^ (1 << (bit & 31)) : word))
      expect(filter.has(other)).toBe(false)
    }
  })

  it('exact is decoded into tables as small as those it was built with', () => {
    const filter = new ExactPrefilter(1)
    for (const digest of someDigests(4, 200_000)) filter.add(digest)
    const again = ExactPrefilter.decode(Buffer.concat(filter.encode()))
    expect(again.entries).toBe(200_000)
    expect(again.bytes).toBeLessThanOrEqual(1.2 * filter.bytes)
  })
})
