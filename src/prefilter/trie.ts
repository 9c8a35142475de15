import type { Digest } from '../ports/index.js'
import { ByteReader, ByteWriter } from './bytes.js'
import type { DeletablePrefilter } from './deletable.js'
import { SnapshotError } from './snapshot-error.js'

/** A page keeps the leaves of so many neighbouring buckets in one array: short enough to shift, long enough to pack. */
const PAGE_BUCKETS = 128

/** How often a leaf repeats a prefix; what is added more often than that is counted in a map. */
const LEAF_COPIES = 3

/** Roughly what a `Map` needs for an entry of two numbers. */
const MAP_ENTRY_BYTES = 40

const LEAST_PREFIX_BITS = 8
const MOST_PREFIX_BITS = 40

/**
 * Short prefixes of digests in a two-level trie: N entries answer "maybe" for N / 2^prefixBits of all digests.
 *
 * The prefix is the leading bits of `words[2], words[3]`. Its first bits (up to 16) choose a bucket of the
 * root table; the rest (8 to 24 bits) stands in the bucket's leaf, sorted, in 1 to 3 whole bytes. The root
 * holds where each leaf ends. At 32 bits and a million entries: 16 bits of leaf, 2 of root, 1 of slack.
 * Digests being uniform, `has` guesses the place in the leaf from the value and walks a few steps:
 * O(√leaf), a leaf being N / 65,536.
 *
 * Adds are counted, since two digests may share a prefix and the filter can't tell them apart: each
 * `delete` takes back one `add`. So delete only what was added, and at most as often as it was added;
 * then a digest with an add outstanding is never lost. Deleting anything else may lose another digest
 * with that prefix. A digest added twice and deleted once stays ("maybe"), which is harmless.
 * `entries` counts distinct prefixes.
 */
export class TriePrefilter implements DeletablePrefilter {
  readonly kind = 'trie'
  readonly capacity: number
  readonly prefixBits: number
  private readonly rootBits: number
  private readonly restBits: number
  /** 2^-restBits: a power is too dear for every check. */
  private readonly restScale: number
  /** Bytes of a leaf's element. */
  private readonly width: number
  /** For each bucket, the index in its page of the element after its last. */
  private readonly ends: Uint32Array
  private readonly pages: Uint8Array[]
  private pageBytes = 0
  /** Adds past {@link LEAF_COPIES}, by prefix. */
  private readonly extra = new Map<number, number>()
  private count = 0

  /**
   * @param expectedRevocations - whole, >= 1; only told back as `capacity`, growth costs nothing extra
   * @param prefixBits - whole, 8 to 40
   */
  constructor(expectedRevocations: number, prefixBits: number) {
    this.capacity = expectedRevocations
    this.prefixBits = prefixBits
    this.rootBits = Math.min(16, prefixBits - 8)
    this.restBits = prefixBits - this.rootBits
    this.restScale = 2 ** -this.restBits
    this.width = Math.ceil(this.restBits / 8)
    this.ends = new Uint32Array(2 ** this.rootBits)
    this.pages = Array.from({ length: Math.ceil(this.ends.length / PAGE_BUCKETS) }, () => new Uint8Array(0))
  }

  get entries(): number {
    return this.count
  }

  get bytes(): number {
    return this.ends.byteLength + this.pageBytes + this.extra.size * MAP_ENTRY_BYTES
  }

  get expectedFalsePositiveRate(): number {
    return this.count / 2 ** this.prefixBits
  }

  has(digest: Digest): boolean {
    const bucket = this.bucketOf(digest)
    const rest = this.restOf(digest)
    const end = this.ends[bucket]
    const page = this.pages[(bucket / PAGE_BUCKETS) | 0]
    const at = this.find(page, this.startOf(bucket), end, rest)
    return at < end && this.read(page, at) === rest
  }

  /** Counts one add of the digest's prefix. Moves at most one page: N/512 elements of up to 3 bytes. */
  add(digest: Digest): boolean {
    const bucket = this.bucketOf(digest)
    const rest = this.restOf(digest)
    const page = this.pages[(bucket / PAGE_BUCKETS) | 0]
    const at = this.find(page, this.startOf(bucket), this.ends[bucket], rest)
    const copies = this.copiesAt(page, at, this.ends[bucket], rest)
    if (copies < LEAF_COPIES) {
      this.insert(bucket, at, rest)
    } else {
      const prefix = bucket * 2 ** this.restBits + rest
      this.extra.set(prefix, (this.extra.get(prefix) ?? 0) + 1)
    }
    if (copies > 0) return false
    this.count++
    return true
  }

  delete(digest: Digest): boolean {
    const bucket = this.bucketOf(digest)
    const rest = this.restOf(digest)
    const page = this.pages[(bucket / PAGE_BUCKETS) | 0]
    const at = this.find(page, this.startOf(bucket), this.ends[bucket], rest)
    const copies = this.copiesAt(page, at, this.ends[bucket], rest)
    if (copies === 0) return false
    const prefix = bucket * 2 ** this.restBits + rest
    const extra = this.extra.get(prefix) ?? 0
    if (extra > 1) {
      this.extra.set(prefix, extra - 1)
    } else if (extra === 1) {
      this.extra.delete(prefix)
    } else {
      this.remove(bucket, at)
      if (copies === 1) this.count--
    }
    return true
  }

  // A shift by 32 is none in JavaScript, and a root of 0 bits needs one: hence two shifts.
  private bucketOf(digest: Digest): number {
    return (digest[2] >>> 1) >>> (31 - this.rootBits)
  }

  private restOf(digest: Digest): number {
    const following = (digest[2] << this.rootBits) | ((digest[3] >>> 1) >>> (31 - this.rootBits))
    return following >>> (32 - this.restBits)
  }

  private startOf(bucket: number): number {
    return bucket % PAGE_BUCKETS === 0 ? 0 : this.ends[bucket - 1]
  }

  private read(page: Uint8Array, index: number): number {
    if (this.width === 2) return (page[2 * index] << 8) | page[2 * index + 1]
    if (this.width === 1) return page[index]
    return (page[3 * index] << 16) | (page[3 * index + 1] << 8) | page[3 * index + 2]
  }

  /** The first element of a leaf that is not less than `rest`, or `end`. */
  private find(page: Uint8Array, start: number, end: number, rest: number): number {
    let at = start + (((end - start) * rest * this.restScale) | 0)
    while (at > start && this.read(page, at - 1) >= rest) at--
    while (at < end && this.read(page, at) < rest) at++
    return at
  }

  private copiesAt(page: Uint8Array, at: number, end: number, rest: number): number {
    let copies = 0
    while (at + copies < end && this.read(page, at + copies) === rest) copies++
    return copies
  }

  private insert(bucket: number, at: number, rest: number): void {
    const number = (bucket / PAGE_BUCKETS) | 0
    const width = this.width
    const last = this.lastOf(number)
    const used = this.ends[last] * width
    let page = this.pages[number]
    // An eighth of slack: room for a while at 6 % on average.
    if (used + width > page.length)
      page = this.resize(number, used + (this.ends[last] >>> 3) * width + 8 * width)
    page.copyWithin((at + 1) * width, at * width, used)
    for (let i = width - 1, left = rest; i >= 0; i--, left >>>= 8) page[at * width + i] = left & 0xff
    for (let i = bucket; i <= last; i++) this.ends[i]++
  }

  private remove(bucket: number, at: number): void {
    const number = (bucket / PAGE_BUCKETS) | 0
    const width = this.width
    const last = this.lastOf(number)
    this.pages[number].copyWithin(at * width, (at + 1) * width, this.ends[last] * width)
    for (let i = bucket; i <= last; i++) this.ends[i]--
    const used = this.ends[last] * width
    if (this.pages[number].length > 2 * used + 16 * width) this.resize(number, used + 8 * width)
  }

  /** The last bucket of a page. */
  private lastOf(page: number): number {
    return Math.min((page + 1) * PAGE_BUCKETS, this.ends.length) - 1
  }

  private resize(number: number, size: number): Uint8Array {
    const old = this.pages[number]
    const page = new Uint8Array(size)
    page.set(old.length > size ? old.subarray(0, size) : old)
    this.pageBytes += size - old.length
    this.pages[number] = page
    return page
  }

  /** The layout is described in snapshot.ts. */
  encode(): readonly Uint8Array[] {
    const used = this.pages.map((_, number) => this.ends[this.lastOf(number)] * this.width)
    const size = 8 + 8 + this.ends.byteLength + used.reduce((a, b) => a + b, 0) + 8 + this.extra.size * 16
    const writer = new ByteWriter(size)
    writer.f64(this.prefixBits)
    writer.f64(this.capacity)
    writer.words(this.ends)
    this.pages.forEach((page, number) => writer.raw(page.subarray(0, used[number])))
    writer.f64(this.extra.size)
    for (const [prefix, adds] of this.extra) {
      writer.f64(prefix)
      writer.f64(adds)
    }
    return [writer.bytes]
  }

  /** Reads what {@link TriePrefilter.encode} wrote; a `SnapshotError` where it can't be. */
  static decode(body: Uint8Array): TriePrefilter {
    const reader = new ByteReader(body)
    const prefixBits = reader.count(LEAST_PREFIX_BITS, MOST_PREFIX_BITS)
    const trie = new TriePrefilter(reader.count(1), prefixBits)
    trie.ends.set(reader.words(trie.ends.length))
    trie.pages.forEach((_, number) => {
      const page = reader.raw(trie.ends[trie.lastOf(number)] * trie.width)
      trie.resize(number, page.length).set(page)
      trie.checkPage(number)
    })
    for (let left = reader.count(0); left > 0; left--) {
      trie.extra.set(reader.count(0, 2 ** prefixBits - 1), reader.count(1))
    }
    reader.end()
    return trie
  }

  /** Counts the distinct prefixes of a page read from a snapshot; its leaves must be sorted. */
  private checkPage(number: number): void {
    const page = this.pages[number]
    const last = this.lastOf(number)
    for (let bucket = number * PAGE_BUCKETS; bucket <= last; bucket++) {
      const start = this.startOf(bucket)
      const end = this.ends[bucket]
      if (end < start || end > this.ends[last]) throw new SnapshotError('body', `leaf ${bucket} has no room`)
      let previous = -1
      for (let i = start; i < end; i++) {
        const rest = this.read(page, i)
        if (rest < previous) throw new SnapshotError('body', `leaf ${bucket} is not sorted`)
        if (rest !== previous) this.count++
        previous = rest
      }
    }
  }
}
