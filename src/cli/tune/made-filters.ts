import type { Digest, Prefilter } from '../../ports/index.js'
import { BloomPrefilter } from '../../prefilter/bloom.js'
import { ByteWriter } from '../../prefilter/bytes.js'
import { createPrefilter } from '../../prefilter/create.js'
import { NoPrefilter } from '../../prefilter/none.js'
import { BLOCK_BITS } from '../../prefilter/sizing.js'
import { TriePrefilter } from '../../prefilter/trie.js'
import { digestSource } from './digests.js'

/** Entries of the exact set. */
export const EXACT_ENTRIES = 131_072
/** Probes an entry, as in a Bloom filter at 1e-4. */
const PROBES = 16
/** One in this many checks passes {@link RarePrefilter}: a power of two. */
const RARE = 32

/** Lets one in 32 digests through, so that the code behind it is as cold as behind a real filter. */
export class RarePrefilter extends NoPrefilter {
  override has(digest: Digest): boolean {
    return ((digest.at(0) ?? 0) & (RARE - 1)) === 0
  }
}

/** An exact set of {@link EXACT_ENTRIES} random digests. */
export async function exactSet(): Promise<Prefilter> {
  const prefilter = await createPrefilter({ kind: 'exact', expectedRevocations: EXACT_ENTRIES })
  const digest = new Int32Array(4)
  const random = digestSource(1)
  for (let i = 0; i < EXACT_ENTRIES; i++) prefilter.add(random(digest))
  return prefilter
}

/**
 * A trie of 40 bits with the same number of entries in each leaf, decoded from a made snapshot. The leaves
 * of the first page are random, the other pages are copies. src/prefilter/snapshot.ts has the layout.
 */
export function evenTrie(entries: number): TriePrefilter {
  const [buckets, ofPage] = [65_536, 128]
  const leaf = entries / buckets
  const page = new Uint8Array(ofPage * leaf * 3)
  const random = digestSource(6)
  const digest = new Int32Array(4)
  for (let bucket = 0; bucket < ofPage; bucket++) {
    const rests = Uint32Array.from({ length: leaf }, () => (random(digest).at(0) ?? 0) >>> 8).sort()
    for (const [i, rest] of rests.entries())
      page.set([rest >>> 16, rest >>> 8, rest], (bucket * leaf + i) * 3)
  }
  const writer = new ByteWriter(8 + 8 + buckets * 4 + (buckets / ofPage) * page.length + 8)
  writer.f64(40)
  writer.f64(entries)
  writer.words(Uint32Array.from({ length: buckets }, (_, bucket) => ((bucket % ofPage) + 1) * leaf))
  for (let i = 0; i < buckets / ofPage; i++) writer.raw(page)
  writer.f64(0)
  return TriePrefilter.decode(writer.bytes)
}

/**
 * A Bloom filter with half of its bits set, as in a full one, decoded from a made snapshot: random words,
 * repeated. All pages are written to, so that it takes as much memory as a real filter.
 */
export function halfFullBloom(bytes: number): BloomPrefilter {
  const body = new Uint8Array(8 + 8 + 24 + bytes)
  const head = new ByteWriter(40)
  head.f64(1e-4)
  head.f64(1)
  head.f64(2 ** 40)
  head.f64(0)
  head.u32(bytes / (BLOCK_BITS / 8))
  head.u32(PROBES)
  body.set(head.bytes)
  const digest = new Int32Array(4)
  const random = digestSource(2)
  const seeded = 65_536
  for (let at = 0; at < seeded; at += 16) body.set(new Uint8Array(random(digest).buffer), 40 + at)
  for (let done = seeded; done < bytes; done *= 2) body.copyWithin(40 + done, 40, 40 + done)
  return BloomPrefilter.decode(body)
}
