import { someDigests } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '#dist/prefilter/bytes.js'
import { TriePrefilter } from '#dist/prefilter/trie.js'

describe('trie', () => {
  it('trie takes 16 bits of leaf an entry, a tenth of slack, and 2 Mbit of root', () => {
    const filter = new TriePrefilter(400_000, 32)
    for (const digest of someDigests(2, 400_000)) filter.add(digest)
    expect(filter.bytes * 8).toBeLessThan(1.1 * 16 * filter.entries + 2 ** 21)
  })

  it('trie stays as large when one digest is added again and again', () => {
    const filter = new TriePrefilter(1000, 32)
    const digest = Int32Array.of(1, 2, 3, 4)
    filter.add(digest)
    const { bytes } = filter
    for (let i = 0; i < 10_000; i++) expect(filter.add(digest)).toBe(false)
    expect(filter.bytes).toBe(bytes)
    expect(filter.entries).toBe(1)
  })

  it('trie reads tables of earlier versions, which counted repeated adds', () => {
    // 8 bits: a root of one bucket. Its leaf holds the prefixes 7, 7, 7 and 9; 7 was added twice more.
    const writer = new ByteWriter(8 + 8 + 4 + 4 + 8 + 16)
    writer.f64(8)
    writer.f64(1000)
    writer.u32(4)
    writer.raw(Uint8Array.of(7, 7, 7, 9))
    writer.f64(1)
    writer.f64(7)
    writer.f64(2)
    const filter = TriePrefilter.decode(writer.bytes)
    const prefixes = Array.from({ length: 256 }, (_, prefix) => Int32Array.of(0, 0, prefix << 24, 0))
    expect(filter.entries).toBe(2)
    expect(
      prefixes.map((digest) => filter.has(digest)).flatMap((has, prefix) => (has ? [prefix] : [])),
    ).toEqual([7, 9])
    for (const digest of prefixes) filter.add(digest)
    expect(filter.entries).toBe(256)
    expect(prefixes.every((digest) => filter.has(digest))).toBe(true)
    const again = TriePrefilter.decode(Buffer.concat(filter.encode()))
    expect(again.entries).toBe(256)
  })
})
