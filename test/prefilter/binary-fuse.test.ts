import { populateBinaryFuse8 } from 'binary-fuse-filter'
import fc from 'fast-check'
import { someDigests } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { cellCount, type FingerprintBits, fuseShape, FuseTable } from '#dist/prefilter/binary-fuse.js'
import { FuseConstruction } from '#dist/prefilter/fuse-construction.js'

function flat(digests: readonly Int32Array[]): Int32Array {
  const words = new Int32Array(digests.length * 4)
  for (const [i, digest] of digests.entries()) words.set(digest, i * 4)
  return words
}

function build(digests: readonly Int32Array[], bits: FingerprintBits = 16): FuseTable {
  const construction = new FuseConstruction(bits)
  for (let at = 0; at < digests.length; at += 1000) construction.add(flat(digests.slice(at, at + 1000)))
  const parts = construction.run()
  if (parts === undefined) throw new Error('there are entries')
  return new FuseTable(parts)
}

const lacking = (table: FuseTable, digests: readonly Int32Array[]): number =>
  digests.filter((digest) => !table.has(digest)).length

describe.each([8, 16] as const)('FuseTable of %i bits', (bits) => {
  it('FuseTable has all entries, whatever their number', () => {
    for (const size of [...Array(70).keys(), 100, 333, 1000, 4096, 30_000]) {
      if (size === 0) continue
      const digests = someDigests(size, size)
      const table = build(digests, bits)
      expect(lacking(table, digests), `${size} entries`).toBe(0)
      expect(table.parts.entries).toBe(size)
      expect(table.bits).toBe(bits)
    }
  })

  it('FuseTable is wrong at the rate of its fingerprints', () => {
    const table = build(someDigests(1, 20_000), bits)
    const asked = bits === 8 ? 200_000 : 3_000_000
    const digest = new Int32Array(4)
    let [state, wrong] = [1, 0]
    for (let i = 0; i < asked; i++) {
      for (let word = 2; word < 4; word++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0
        digest[word] = Math.imul(state ^ (state >>> 16), 0x45d9f3b)
      }
      if (table.has(digest)) wrong++
    }
    const expected = asked / 2 ** bits
    expect(Math.abs(wrong - expected)).toBeLessThan(6 * Math.sqrt(expected) + 0.01 * expected)
  })
})

describe('FuseConstruction', () => {
  it('FuseConstruction makes nothing of no entries', () => {
    expect(new FuseConstruction(16).run()).toBeUndefined()
  })

  it('FuseConstruction takes 18.1 bits an entry at a million', () => {
    expect((cellCount(fuseShape(1_000_000)) * 16) / 1_000_000).toBeLessThan(18.1)
  })

  it('FuseConstruction tries another seed when one fails, and loses nothing', () => {
    let retried = 0
    for (let seed = 0; seed < 200; seed++) {
      const digests = someDigests(seed, 200)
      const table = build(digests)
      expect(lacking(table, digests)).toBe(0)
      if (table.parts.seed !== 0) retried++
    }
    expect(retried).toBeGreaterThan(0)
    expect(retried).toBeLessThan(40)
  })

  it('FuseConstruction counts equal digests once, however often they come', () => {
    for (const copies of [2, 3, 255, 256, 257, 600]) {
      const [one, others] = [Int32Array.of(1, 2, 3, 4), someDigests(7, 50)]
      // Other words of a digest don't tell two apart.
      const repeated = Array.from({ length: copies }, (_, i) => Int32Array.of(i, -i, 3, 4))
      const table = build([...repeated, ...others])
      expect(table.parts.entries).toBe(51)
      expect(lacking(table, [one, ...others])).toBe(0)
    }
  })

  it('FuseConstruction works in short steps', () => {
    const construction = new FuseConstruction(16)
    construction.add(flat(someDigests(1, 20_000)))
    let steps = 0
    const run = construction.steps()
    while (run.next().done !== true) steps++
    expect(steps).toBeGreaterThan((3 * 20_000) / 2048)
  })

  it('FuseConstruction agrees with a Set on every member, whatever the words', () => {
    const word = fc.oneof(fc.constantFrom(0, -1, 1, 0x7fffffff, -0x80000000), fc.nat(5), fc.integer())
    const digests = fc.array(
      fc.tuple(word, word, word, word).map((words) => Int32Array.from(words)),
      { minLength: 1, maxLength: 400, size: 'max' },
    )
    fc.assert(
      fc.property(digests, fc.constantFrom(8 as const, 16 as const), (added, bits) => {
        const table = build(added, bits)
        const model = new Set(added.map(([, , c, d]) => `${c},${d}`))
        expect(table.parts.entries).toBe(model.size)
        expect(lacking(table, added)).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('FuseConstruction makes tables as large, and as often wrong, as an independent implementation', () => {
    const keyOf = ([, , c = 0, d = 0]: Int32Array): bigint => (BigInt(c >>> 0) << 32n) | BigInt(d >>> 0)
    const absent = someDigests(2, 20_000)
    for (const size of [2, 10, 100, 1000, 5000]) {
      const digests = someDigests(size, size)
      const [oracle, error] = populateBinaryFuse8(digests.map(keyOf))
      expect(error).toBeNull()
      const table = build(digests, 8)
      expect(table.parts.cells.length).toBe(oracle.Fingerprints.length)
      expect(lacking(table, digests)).toBe(0)
      expect(digests.every((digest) => oracle.contains(keyOf(digest)))).toBe(true)
      const wrong = absent.length - lacking(table, absent)
      const oraclesWrong = absent.filter((digest) => oracle.contains(keyOf(digest))).length
      // Small tables have few patterns of fingerprints, so their rates scatter.
      if (size >= 1000) expect(Math.abs(wrong - oraclesWrong)).toBeLessThan(6 * Math.sqrt(2 * 78))
    }
  })
})
