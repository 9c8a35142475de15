import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { someDigests } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import type { Prefilter, PrefilterKind } from '#dist/ports/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { FusePrefilter } from '#dist/prefilter/fuse.js'
import { FuseConstruction } from '#dist/prefilter/fuse-construction.js'
import {
  decodeSnapshot,
  encodeSnapshot,
  SnapshotError,
  type SnapshotFault,
} from '#dist/prefilter/snapshot.js'
import { TriePrefilter } from '#dist/prefilter/trie.js'

const KINDS: readonly PrefilterKind[] = ['bloom', 'trie', 'exact', 'bloom-filters', 'none', 'fuse']
const META = new TextEncoder().encode('{"seq":7}')

async function small(kind: PrefilterKind): Promise<Prefilter> {
  if (kind === 'fuse') return smallFuse()
  const options =
    kind === 'trie' ? { kind, prefixBits: 8, expectedRevocations: 10 } : { kind, expectedRevocations: 10 }
  const filter = await createPrefilter(options)
  for (const digest of someDigests(1, 10)) filter.add(digest)
  return filter
}

/** Five entries in the base, five in the delta. */
function smallFuse(): FusePrefilter {
  const filter = FusePrefilter.create(1e-4)
  const digests = someDigests(1, 10)
  for (const digest of digests.slice(5)) filter.add(digest)
  const construction = new FuseConstruction(16)
  for (const digest of digests.slice(0, 5)) construction.add(digest)
  filter.setBase(construction.run())
  return filter
}

async function faultOf(bytes: Uint8Array): Promise<SnapshotFault | 'none'> {
  try {
    await decodeSnapshot(bytes)
    return 'none'
  } catch (error) {
    if (error instanceof SnapshotError) return error.reason
    throw error
  }
}

function withFlippedBit(bytes: Uint8Array, index: number, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === index ? byte ^ (1 << bit) : byte))
}

/** A snapshot with some of its bytes replaced, under a new checksum. */
function forged(bytes: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = Uint8Array.from(bytes)
  change(new DataView(copy.buffer))
  copy.set(createHash('sha256').update(copy.subarray(0, -32)).digest(), copy.length - 32)
  return copy
}

describe.each(KINDS)('snapshot of %s', (kind) => {
  it('snapshot has the bytes it always had', async () => {
    const bytes = Buffer.from(encodeSnapshot(await small(kind), META))
    const file = new URL(`../golden/snapshot-${kind}.txt`, import.meta.url)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const start = bytes.subarray(0, 96).toString('hex')
    const shown = `${bytes.length} bytes, sha256 ${sha256}\n${start}\n`
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, shown)
    expect(shown).toBe(readFileSync(file, 'utf8'))
  })

  it('snapshot is refused when any byte is flipped', async () => {
    const bytes = encodeSnapshot(await small(kind), META)
    // Of the large one every fifth byte past its heads: each takes a checksum.
    for (let i = 0; i < bytes.length; i += bytes.length > 10_000 && i > 1000 ? 5 : 1) {
      const damaged = withFlippedBit(bytes, i, i % 8)
      expect(await faultOf(damaged), `byte ${i}`).not.toBe('none')
    }
  })

  it('snapshot is refused when cut at any length or followed by anything', async () => {
    const bytes = encodeSnapshot(await small(kind), META)
    for (let size = 0; size < bytes.length; size++)
      expect(await faultOf(bytes.subarray(0, size)), `${size}`).toBe('truncated')
    expect(await faultOf(Buffer.concat([bytes, Buffer.alloc(1)]))).toBe('length')
    expect(await faultOf(Buffer.concat([bytes, bytes]))).toBe('length')
  })

  it('snapshot is refused when its tables are cut short or too long', async () => {
    const filter = await small(kind)
    const body = Buffer.concat(filter.encode())
    const withBody = (encoded: Uint8Array): Uint8Array =>
      encodeSnapshot(
        Object.create(filter, { encode: { value: () => [encoded] }, kind: { value: kind } }) as Prefilter,
        META,
      )
    expect(await faultOf(withBody(body))).toBe('none')
    for (let size = 0; size < body.length; size += size < 200 ? 1 : 37) {
      expect(await faultOf(withBody(body.subarray(0, size))), `${size}`).toBe('body')
    }
    expect(await faultOf(withBody(Buffer.concat([body, Buffer.from('0')])))).toBe('body')
  })

  it('snapshot is read from the middle of a larger buffer, at any alignment', async () => {
    const bytes = encodeSnapshot(await small(kind), META)
    const larger = new Uint8Array(bytes.length + 5)
    larger.set(bytes, 3)
    const { prefilter, meta } = await decodeSnapshot(larger.subarray(3, 3 + bytes.length))
    expect(Buffer.from(meta).toString()).toBe('{"seq":7}')
    expect(someDigests(1, 10).every((digest) => prefilter.has(digest))).toBe(true)
    // The tables are copies, so the caller may reuse the buffer.
    larger.fill(0)
    expect(someDigests(1, 10).every((digest) => prefilter.has(digest))).toBe(true)
  })
})

describe('snapshot', () => {
  it('snapshot error names the fault', async () => {
    const bytes = encodeSnapshot(await small('bloom'), META)
    expect(await faultOf(Buffer.from('SQLite format 3\0'))).toBe('magic')
    expect(await faultOf(new Uint8Array(0))).toBe('truncated')
    expect(await faultOf(forged(bytes, (view) => view.setUint16(8, 2, true)))).toBe('version')
    expect(await faultOf(forged(bytes, (view) => view.setUint16(10, 99, true)))).toBe('kind')
    expect(await faultOf(withFlippedBit(bytes, bytes.length - 40, 0))).toBe('checksum')
    for (const length of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 60]) {
      expect(['truncated', 'length']).toContain(
        await faultOf(forged(bytes, (view) => view.setFloat64(16, length, true))),
      )
    }
  })

  it('snapshot with tables of another kind, or impossible ones, is refused', async () => {
    for (const kind of KINDS) {
      const bytes = encodeSnapshot(await small(kind), META)
      for (const [i, other] of KINDS.entries()) {
        if (other === kind) continue
        expect(
          await faultOf(forged(bytes, (view) => view.setUint16(10, i + 1, true))),
          `${kind} as ${other}`,
        ).toBe('body')
      }
    }
    const body = 24 + META.length
    const bloom = encodeSnapshot(await small('bloom'), META)
    const impossible: readonly ((view: DataView) => void)[] = [
      (view) => view.setFloat64(body, 0.9, true), // rate
      (view) => view.setFloat64(body + 8, 1e9, true), // generations
      (view) => view.setFloat64(body + 16, 0, true), // capacity
      (view) => view.setFloat64(body + 24, 1e9, true), // entries past the capacity
      (view) => view.setUint32(body + 32, 0, true), // blocks
      (view) => view.setUint32(body + 32, 0xffffffff, true),
      (view) => view.setUint32(body + 36, 3, true), // probes
    ]
    for (const change of impossible) expect(await faultOf(forged(bloom, change))).toBe('body')
    const impossibleBases: readonly ((view: DataView) => void)[] = [
      (view) => view.setFloat64(body, 12, true), // bits
      (view) => view.setFloat64(body + 8, 1e9, true), // entries past the cells
      (view) => view.setUint32(body + 16, 0, true), // segment length
      (view) => view.setUint32(body + 16, 3, true),
      (view) => view.setUint32(body + 16, 2 ** 19, true),
      (view) => view.setUint32(body + 20, 0, true), // segments
      (view) => view.setUint32(body + 20, 0xffffffff, true),
    ]
    const base = encodeSnapshot(smallFuse(), META)
    for (const change of impossibleBases) expect(await faultOf(forged(base, change))).toBe('body')
  })

  it('snapshot with unsorted leaves or a repeated digest is refused', async () => {
    const trie = new TriePrefilter(10, 8)
    for (const digest of someDigests(1, 10)) trie.add(digest)
    const leaf = 24 + META.length + 16 + 4
    const swapped = forged(encodeSnapshot(trie, META), (view) => view.setUint8(leaf, 255))
    expect(await faultOf(swapped)).toBe('body')
    const exact = encodeSnapshot(await small('exact'), META)
    const digests = 24 + META.length + 16
    const twice = forged(exact, (view) => {
      for (let i = 0; i < 16; i++) view.setUint8(digests + 16 + i, view.getUint8(digests + i))
    })
    expect(await faultOf(twice)).toBe('body')
  })
})
