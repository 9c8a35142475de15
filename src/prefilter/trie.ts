import type { Digest, Prefilter } from '../ports/index.js'
import { ByteReader, ByteWriter } from './bytes.js'
import type { PrefilterType } from './prefilter-type.js'
import { SnapshotError } from './snapshot-error.js'

/** The `trie` prefilter, as `create.ts` lists it. */
export const trie: PrefilterType = {
  snapshotCode: 2,
  options: ['prefixBits', 'expectedRevocations'],
  create: ({ expectedRevocations, prefixBits }) => new TriePrefilter(expectedRevocations, prefixBits),
  decode: (body) => TriePrefilter.decode(body),
}

/**
 * Buckets whose leaves share one array. Shifting a page on an insert stays cheap, and few pages waste room.
 */
const PAGE_BUCKETS = 128
const PAGE_SHIFT = 7

const MIN_PREFIX_BITS = 8
const MAX_PREFIX_BITS = 40

const EMPTY_PAGE = new Uint8Array(0)

/**
 * A set of digest prefixes in a two-level trie. With N entries, N / 2^prefixBits of all digests answer
 * "maybe".
 *
 * The prefix is the leading bits of `words[2], words[3]`. Its first 0 to 16 bits choose a bucket of the root
 * table. The other 8 to 24 bits are an element of the bucket's leaf, which is sorted, in 1 to 3 whole bytes.
 * The root holds where each leaf ends. At 32 bits and a million entries, an entry takes 16 bits of leaf, 2 of
 * root and 1 of slack. Digests are uniform, so `has` computes the likely position in the leaf and walks a few
 * steps from there: O(√leaf), where a leaf has N / 65,536 elements.
 *
 * `entries` counts distinct prefixes.
 */
export class TriePrefilter implements Prefilter {
  readonly kind = 'trie'
  readonly capacity: number
  readonly prefixBits: number
  readonly #rootBits: number
  readonly #restBits: number
  /** 2^-restBits, computed once because `has` needs it. */
  readonly #restScale: number
  /** Bytes of an element. */
  readonly #width: number
  /** For each bucket, the index in its page of the element after its leaf. */
  readonly #ends: Uint32Array
  readonly #pages: Uint8Array[]
  #pageBytes = 0
  #entries = 0

  /**
   * @param expectedRevocations - reported as `capacity`; the tables grow at no extra cost. Whole, at least 1
   * @param prefixBits - whole, 8 to 40
   */
  constructor(expectedRevocations: number, prefixBits: number) {
    this.capacity = expectedRevocations
    this.prefixBits = prefixBits
    this.#rootBits = Math.min(16, prefixBits - 8)
    this.#restBits = prefixBits - this.#rootBits
    this.#restScale = 2 ** -this.#restBits
    this.#width = Math.ceil(this.#restBits / 8)
    this.#ends = new Uint32Array(2 ** this.#rootBits)
    this.#pages = Array.from({ length: Math.ceil(this.#ends.length / PAGE_BUCKETS) }, () => EMPTY_PAGE)
  }

  get entries(): number {
    return this.#entries
  }

  get bytes(): number {
    return this.#ends.byteLength + this.#pageBytes
  }

  get expectedFalsePositiveRate(): number {
    return this.#entries / 2 ** this.prefixBits
  }

  has(digest: Digest): boolean {
    const bucket = this.#bucketOf(digest)
    const rest = this.#restOf(digest)
    const end = this.#ends[bucket] ?? 0
    const page = this.#pages[bucket >>> PAGE_SHIFT] ?? EMPTY_PAGE
    const index = this.#find(page, this.#startOf(bucket), end, rest)
    return index < end && this.#read(page, index) === rest
  }

  /** Moves at most one page: N/512 elements of up to 3 bytes. */
  add(digest: Digest): boolean {
    const bucket = this.#bucketOf(digest)
    const rest = this.#restOf(digest)
    const end = this.#ends[bucket] ?? 0
    const page = this.#pages[bucket >>> PAGE_SHIFT] ?? EMPTY_PAGE
    const index = this.#find(page, this.#startOf(bucket), end, rest)
    if (index < end && this.#read(page, index) === rest) return false
    this.#insert(bucket, index, rest)
    this.#entries++
    return true
  }

  // JavaScript ignores a shift by 32, and a root of 0 bits needs one: hence two shifts.
  #bucketOf(digest: Digest): number {
    return ((digest[2] ?? 0) >>> 1) >>> (31 - this.#rootBits)
  }

  #restOf(digest: Digest): number {
    const following =
      ((digest[2] ?? 0) << this.#rootBits) | (((digest[3] ?? 0) >>> 1) >>> (31 - this.#rootBits))
    return following >>> (32 - this.#restBits)
  }

  #startOf(bucket: number): number {
    return bucket % PAGE_BUCKETS === 0 ? 0 : (this.#ends[bucket - 1] ?? 0)
  }

  #read(page: Uint8Array, index: number): number {
    if (this.#width === 2) return ((page[2 * index] ?? 0) << 8) | (page[2 * index + 1] ?? 0)
    if (this.#width === 1) return page[index] ?? 0
    return ((page[3 * index] ?? 0) << 16) | ((page[3 * index + 1] ?? 0) << 8) | (page[3 * index + 2] ?? 0)
  }

  /** The first element of a leaf that is not less than `rest`, or `end`. */
  #find(page: Uint8Array, start: number, end: number, rest: number): number {
    let index = start + (((end - start) * rest * this.#restScale) | 0)
    while (index > start && this.#read(page, index - 1) >= rest) index--
    while (index < end && this.#read(page, index) < rest) index++
    return index
  }

  #insert(bucket: number, index: number, rest: number): void {
    const pageNumber = bucket >>> PAGE_SHIFT
    const last = this.#lastBucketOf(pageNumber)
    const width = this.#width
    const elements = this.#ends[last] ?? 0
    const page = this.#pageWithRoom(pageNumber, elements)
    page.copyWithin((index + 1) * width, index * width, elements * width)
    for (let i = width - 1, left = rest; i >= 0; i--, left >>>= 8) page[index * width + i] = left & 0xff
    for (let i = bucket; i <= last; i++) this.#ends[i] = (this.#ends[i] ?? 0) + 1
  }

  /** A page with room for one more element. A new page has an eighth of slack, 6 % on average. */
  #pageWithRoom(pageNumber: number, elements: number): Uint8Array {
    const old = this.#pages[pageNumber] ?? EMPTY_PAGE
    if ((elements + 1) * this.#width <= old.length) return old
    const page = new Uint8Array((elements + (elements >>> 3) + 8) * this.#width)
    page.set(old)
    this.#setPage(pageNumber, page)
    return page
  }

  #setPage(pageNumber: number, page: Uint8Array): void {
    this.#pageBytes += page.length - (this.#pages[pageNumber] ?? EMPTY_PAGE).length
    this.#pages[pageNumber] = page
  }

  #lastBucketOf(pageNumber: number): number {
    return Math.min((pageNumber + 1) * PAGE_BUCKETS, this.#ends.length) - 1
  }

  /** Bytes of a page that hold elements. */
  #usedBytesOf(pageNumber: number): number {
    return (this.#ends[this.#lastBucketOf(pageNumber)] ?? 0) * this.#width
  }

  /** The tables as bytes; snapshot.ts describes the layout. */
  encode(): readonly Uint8Array[] {
    const used = this.#pages.map((page, pageNumber) => page.subarray(0, this.#usedBytesOf(pageNumber)))
    const size = 8 + 8 + this.#ends.byteLength + used.reduce((sum, { length }) => sum + length, 0) + 8
    const writer = new ByteWriter(size)
    writer.f64(this.prefixBits)
    writer.f64(this.capacity)
    writer.words(this.#ends)
    for (const bytes of used) writer.raw(bytes)
    writer.f64(0)
    return [writer.bytes]
  }

  /**
   * Restores what {@link TriePrefilter.encode} wrote.
   *
   * @throws {SnapshotError} `body` when the bytes are not valid tables
   */
  static decode(body: Uint8Array): TriePrefilter {
    const reader = new ByteReader(body)
    const prefixBits = reader.count(MIN_PREFIX_BITS, MAX_PREFIX_BITS)
    const trie = new TriePrefilter(reader.count(1), prefixBits)
    trie.#ends.set(reader.words(trie.#ends.length))
    for (const pageNumber of trie.#pages.keys()) {
      trie.#setPage(pageNumber, new Uint8Array(reader.raw(trie.#usedBytesOf(pageNumber))))
      trie.#countPage(pageNumber)
    }
    // Earlier versions counted repeated adds: up to three in the leaf, the others here.
    const repeatedPrefixes = reader.count(0)
    reader.raw(repeatedPrefixes * 16)
    reader.end()
    return trie
  }

  /** Counts the distinct prefixes of a page from a snapshot, and checks that its leaves are sorted. */
  #countPage(pageNumber: number): void {
    const page = this.#pages[pageNumber] ?? EMPTY_PAGE
    const last = this.#lastBucketOf(pageNumber)
    const pageEnd = this.#ends[last] ?? 0
    let end = 0
    for (let bucket = pageNumber * PAGE_BUCKETS; bucket <= last; bucket++) {
      const start = end
      end = this.#ends[bucket] ?? 0
      if (end < start || end > pageEnd) throw new SnapshotError('body', `leaf ${bucket} has no room`)
      let previous = -1
      for (let i = start; i < end; i++) {
        const rest = this.#read(page, i)
        if (rest < previous) throw new SnapshotError('body', `leaf ${bucket} is not sorted`)
        if (rest !== previous) this.#entries++
        previous = rest
      }
    }
  }
}
