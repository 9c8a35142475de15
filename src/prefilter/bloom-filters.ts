import type { BloomFilter } from 'bloom-filters'
import { RevocadeError } from '../errors.js'
import type { Digest, Prefilter } from '../ports/index.js'
import type { PrefilterType } from './prefilter-type.js'
import { SnapshotError } from './snapshot-error.js'

type BloomFilterClass = typeof BloomFilter

/** The `bloom-filters` prefilter, as `create.ts` lists it. */
export const bloomFilters: PrefilterType = {
  snapshotCode: 4,
  options: ['falsePositiveRate', 'expectedRevocations'],
  create: ({ expectedRevocations, falsePositiveRate }) =>
    BloomFiltersPrefilter.create(expectedRevocations, falsePositiveRate),
  decode: (body) => BloomFiltersPrefilter.decode(body),
}

const MIN_CAPACITY = 1024

/** A filter of the library, and how far it is filled. */
interface Generation {
  readonly filter: BloomFilter
  readonly capacity: number
  entries: number
}

/** A generation as JSON. `filter` is what the library's `saveAsJSON` returns and its `fromJSON` accepts. */
interface SavedGeneration {
  readonly filter: JSON
  readonly capacity: number
  readonly entries: number
}

/**
 * The Bloom filter of the npm library `bloom-filters`, for comparison. The library hashes with arithmetic on
 * objects, so a check allocates and takes 5 µs or more. That is hundreds of times what `bloom` takes, for an
 * eighth less memory. The library's cuckoo filter is not offered because it loses entries (its issue #68).
 *
 * Past its capacity it grows as `bloom` does, by a filter twice as large, sized for half the rate.
 */
export class BloomFiltersPrefilter implements Prefilter {
  readonly kind = 'bloom-filters'
  readonly capacity: number
  readonly #library: BloomFilterClass
  readonly #rate: number
  /** All filters but the newest, oldest first. */
  readonly #older: Generation[] = []
  #newest: Generation
  /** The half of the digest that prefilters use; overwritten by each call. */
  readonly #key = Buffer.alloc(8)

  private constructor(library: BloomFilterClass, rate: number, first: Generation) {
    this.#library = library
    this.#rate = rate
    this.capacity = first.capacity
    this.#newest = first
  }

  /**
   * An empty filter. Loads the library.
   *
   * @param expectedRevocations - entries it holds at its target rate: whole, at least 1
   * @param falsePositiveRate - the target rate at that size
   * @throws {RevocadeError} ERR_CONFIG when the library is not installed
   */
  static async create(
    expectedRevocations: number,
    falsePositiveRate: number,
  ): Promise<BloomFiltersPrefilter> {
    const library = await loadLibrary()
    const capacity = Math.max(MIN_CAPACITY, expectedRevocations)
    const filter = library.create(capacity, falsePositiveRate)
    return new BloomFiltersPrefilter(library, falsePositiveRate, { filter, capacity, entries: 0 })
  }

  get entries(): number {
    return this.#generations().reduce((sum, { entries }) => sum + entries, 0)
  }

  get bytes(): number {
    return this.#generations().reduce((sum, { filter }) => sum + Math.ceil(filter.size / 8), 0)
  }

  /** By the textbook formula, which holds for an unblocked table. */
  get expectedFalsePositiveRate(): number {
    const negative = this.#generations().reduce((product, { filter, entries }) => {
      const probes = filter._nbHashes
      return product * (1 - (1 - Math.exp((-probes * entries) / filter.size)) ** probes)
    }, 1)
    return 1 - negative
  }

  has(digest: Digest): boolean {
    this.#key.writeInt32LE(digest[2] ?? 0, 0)
    this.#key.writeInt32LE(digest[3] ?? 0, 4)
    return this.#newest.filter.has(this.#key) || this.#older.some(({ filter }) => filter.has(this.#key))
  }

  add(digest: Digest): boolean {
    if (this.has(digest)) return false
    if (this.#newest.entries >= this.#newest.capacity) this.#grow()
    this.#newest.filter.add(this.#key)
    this.#newest.entries++
    return true
  }

  #grow(): void {
    const capacity = this.#newest.capacity * 2
    const rate = this.#rate / 2 ** (this.#older.length + 1)
    this.#append({ filter: this.#library.create(capacity, rate), capacity, entries: 0 })
  }

  #append(generation: Generation): void {
    this.#older.push(this.#newest)
    this.#newest = generation
  }

  #generations(): Generation[] {
    return [...this.#older, this.#newest]
  }

  /** The filters as JSON; snapshot.ts describes the layout. */
  encode(): readonly Uint8Array[] {
    const generations = this.#generations().map(({ filter, capacity, entries }): SavedGeneration => {
      return { capacity, entries, filter: filter.saveAsJSON() as JSON }
    })
    return [Buffer.from(JSON.stringify({ rate: this.#rate, generations }))]
  }

  /**
   * Restores what {@link BloomFiltersPrefilter.encode} wrote. Loads the library.
   *
   * @throws {SnapshotError} `kind` when the library is not installed, `body` when it does not accept the
   *   bytes
   */
  static async decode(body: Uint8Array): Promise<BloomFiltersPrefilter> {
    const library = await loadLibrary().catch((cause: unknown) => {
      throw new SnapshotError('kind', 'the library bloom-filters, which made it, is not installed', { cause })
    })
    try {
      return BloomFiltersPrefilter.#restore(library, Buffer.from(body).toString())
    } catch (cause) {
      throw new SnapshotError('body', `not what bloom-filters saved: ${String(cause)}`, { cause })
    }
  }

  static #restore(library: BloomFilterClass, json: string): BloomFiltersPrefilter {
    const saved = JSON.parse(json) as { rate: number; generations: SavedGeneration[] }
    const [first, ...later] = saved.generations.map((generation) => restoreGeneration(library, generation))
    if (!(saved.rate > 0 && saved.rate <= 0.5) || first === undefined) {
      throw new RangeError('no rate, or no filter')
    }
    const filter = new BloomFiltersPrefilter(library, saved.rate, first)
    for (const generation of later) filter.#append(generation)
    return filter
  }
}

function restoreGeneration(library: BloomFilterClass, saved: SavedGeneration): Generation {
  const { capacity, entries } = saved
  const whole = Number.isSafeInteger(capacity) && Number.isSafeInteger(entries)
  if (!whole || capacity < 1 || entries < 0 || entries > capacity) {
    throw new RangeError(`${entries} entries of ${capacity}`)
  }
  // The library does not check the lengths that it reads. So let it save the result, and compare.
  const filter = library.fromJSON(saved.filter) as BloomFilter
  if (JSON.stringify(filter.saveAsJSON()) !== JSON.stringify(saved.filter)) {
    throw new RangeError('a filter that does not read back')
  }
  return { filter, capacity, entries }
}

async function loadLibrary(): Promise<BloomFilterClass> {
  try {
    // Node can't detect the named exports of this CommonJS package, so take them from the default export.
    const library = await import('bloom-filters')
    return library.default.BloomFilter
  } catch (cause) {
    throw new RevocadeError(
      'ERR_CONFIG',
      "prefilter kind 'bloom-filters' needs a library: run npm install bloom-filters, or use kind 'bloom'",
      { cause },
    )
  }
}
