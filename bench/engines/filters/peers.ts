import bloomFilters from 'bloom-filters'
import { BloomFilter } from 'bloomfilter'
import { Filter } from './filter.js'

/** What everyone begins with: exact, on the heap, its keys whole. */
export class SetFilter extends Filter {
  readonly name = 'Set'
  readonly #set = new Set<string>()

  add(keys: readonly string[]): void {
    for (const key of keys) this.#set.add(key)
  }

  count(keys: readonly string[]): number {
    const set = this.#set
    let found = 0
    for (const key of keys) if (set.has(key)) found++
    return found
  }

  bytes(): undefined {
    return undefined
  }

  override close(): void {
    this.#set.clear()
  }
}

/** The npm package bloom-filters, a Bloom filter among many structures; hashes with xxHash on objects. */
export class BloomFiltersFilter extends Filter {
  readonly name = 'bloom-filters'
  readonly #filter: InstanceType<typeof bloomFilters.BloomFilter>

  constructor(entries: number, rate: number) {
    super()
    this.#filter = bloomFilters.BloomFilter.create(entries, rate)
  }

  add(keys: readonly string[]): void {
    for (const key of keys) this.#filter.add(key)
  }

  count(keys: readonly string[]): number {
    const filter = this.#filter
    let found = 0
    for (const key of keys) if (filter.has(key)) found++
    return found
  }

  bytes(): number {
    return Math.ceil(this.#filter.size / 8)
  }

  /** By the textbook formula. */
  override expectedRate(entries: number): number {
    return textbookRate(entries, this.#filter.size, this.#filter._nbHashes)
  }
}

/** The npm package bloomfilter: FNV-1a over the characters, double hashing, a typed array. */
export class BloomfilterFilter extends Filter {
  readonly name = 'bloomfilter'
  readonly #filter: BloomFilter

  constructor(entries: number, rate: number) {
    super()
    this.#filter = BloomFilter.withTargetError(entries, rate)
  }

  add(keys: readonly string[]): void {
    for (const key of keys) this.#filter.add(key)
  }

  count(keys: readonly string[]): number {
    const filter = this.#filter
    let found = 0
    for (const key of keys) if (filter.test(key)) found++
    return found
  }

  bytes(): number {
    return this.#filter.buckets.byteLength
  }

  /** By the textbook formula. */
  override expectedRate(entries: number): number {
    return textbookRate(entries, this.#filter.m, this.#filter.k)
  }
}

function textbookRate(entries: number, bits: number, probes: number): number {
  return (1 - Math.exp((-probes * entries) / bits)) ** probes
}
