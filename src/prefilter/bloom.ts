import { RevocadeError } from '../errors.js'
import type { Digest, Prefilter } from '../ports/index.js'
import { BloomTable } from './bloom-table.js'
import { ByteReader, ByteWriter, littleEndian } from './bytes.js'
import type { PrefilterType } from './prefilter-type.js'
import { bloomRate, bloomShape, MAX_BLOCKS, maxEntries, PROBE_STEP, WORDS_PER_BLOCK } from './sizing.js'
import { SnapshotError } from './snapshot-error.js'

/** The `bloom` prefilter, as `create.ts` lists it. */
export const bloom: PrefilterType = {
  snapshotCode: 1,
  options: ['falsePositiveRate', 'expectedRevocations'],
  create: ({ expectedRevocations, falsePositiveRate }) => {
    const most = maxEntries(falsePositiveRate)
    if (expectedRevocations <= most) return BloomPrefilter.create(expectedRevocations, falsePositiveRate)
    throw new RevocadeError(
      'ERR_CONFIG',
      `option 'prefilter.expectedRevocations' must be at most ${most} at a falsePositiveRate of ` +
        `${falsePositiveRate}: one table has at most 2 GiB`,
    )
  },
  decode: (body) => BloomPrefilter.decode(body),
}

/** Entries that the first table takes at least. A smaller one saves nothing and grows too often. */
const MIN_CAPACITY = 1024

/** Each later table is sized for half the rate of the one before, down to this. */
const MIN_RATE = 1e-10

const MAX_GENERATIONS = 64

/** Bits set per entry that a snapshot may have. */
const MAX_PROBES = 64

/** A table, and how far it is filled. */
interface Generation {
  readonly table: BloomTable
  readonly capacity: number
  entries: number
}

/**
 * The default prefilter: a blocked Bloom filter. It takes 22 bits an entry at a rate of 1e-4; a check reads
 * one cache line.
 *
 * Past its capacity it grows by adding a table twice as large at half the rate (a scalable Bloom filter:
 * Almeida, Baquero, Preguiça, Hutchison 2007). So the overall rate stays below twice the target, and no entry
 * is lost. Each table costs a check one more cache line, so rebuild when convenient. It can't forget an
 * entry; rebuild it without that entry instead.
 */
export class BloomPrefilter implements Prefilter {
  readonly kind = 'bloom'
  readonly capacity: number
  readonly #rate: number
  /** All tables but the newest, oldest first. */
  readonly #older: Generation[] = []
  #newest: Generation
  #entries: number

  private constructor(rate: number, first: Generation) {
    this.#rate = rate
    this.capacity = first.capacity
    this.#newest = first
    this.#entries = first.entries
  }

  /**
   * An empty filter.
   *
   * @param expectedRevocations - entries it holds at its target rate: whole, at least 1
   * @param falsePositiveRate - the target rate at that size: above 0, at most 0.5
   * @throws {RangeError} when one table would exceed 2 GiB; see {@link maxEntries}
   */
  static create(expectedRevocations: number, falsePositiveRate: number): BloomPrefilter {
    const capacity = Math.max(MIN_CAPACITY, expectedRevocations)
    return new BloomPrefilter(falsePositiveRate, newGeneration(capacity, falsePositiveRate))
  }

  get entries(): number {
    return this.#entries
  }

  get bytes(): number {
    return this.#generations().reduce((sum, { table }) => sum + table.words.byteLength, 0)
  }

  get expectedFalsePositiveRate(): number {
    let negative = 1
    for (const { table, entries } of this.#generations()) {
      const blocks = table.words.length / WORDS_PER_BLOCK
      negative *= 1 - bloomRate(entries, { blocks, probes: table.probes })
    }
    return 1 - negative
  }

  has(digest: Digest): boolean {
    // The newest is the largest, and usually the only one.
    return this.#newest.table.has(digest) || (this.#older.length > 0 && this.#inOlder(digest))
  }

  /** Asks the larger tables first. */
  #inOlder(digest: Digest): boolean {
    for (let i = this.#older.length - 1; i >= 0; i--) {
      if (this.#older[i]?.table.has(digest)) return true
    }
    return false
  }

  /**
   * O(1), except when it grows: then it allocates a zeroed table, whose pages the system maps on first use.
   */
  add(digest: Digest): boolean {
    if (this.has(digest)) return false
    if (this.#newest.entries >= this.#newest.capacity) this.#grow()
    this.#newest.table.add(digest)
    this.#newest.entries++
    this.#entries++
    return true
  }

  #grow(): void {
    const rate = Math.max(MIN_RATE, this.#rate / 2 ** (this.#older.length + 1))
    this.#append(newGeneration(Math.min(this.#newest.capacity * 2, maxEntries(rate)), rate))
  }

  #append(generation: Generation): void {
    this.#older.push(this.#newest)
    this.#newest = generation
    this.#entries += generation.entries
  }

  #generations(): Generation[] {
    return [...this.#older, this.#newest]
  }

  /**
   * The tables as bytes; snapshot.ts describes the layout. The tables are not copied, so an entry that is
   * added before they are written may be in them without being counted. Bits are never cleared: nothing is
   * missing.
   */
  encode(): readonly Uint8Array[] {
    const generations = this.#generations()
    const writer = new ByteWriter(8 + 8 + generations.length * 24)
    writer.f64(this.#rate)
    writer.f64(generations.length)
    for (const { table, capacity, entries } of generations) {
      writer.f64(capacity)
      writer.f64(entries)
      writer.u32(table.words.length / WORDS_PER_BLOCK)
      writer.u32(table.probes)
    }
    return [writer.bytes, ...generations.map(({ table }) => littleEndian(table.words))]
  }

  /**
   * Restores what {@link BloomPrefilter.encode} wrote. The tables are copied.
   *
   * @throws {SnapshotError} `body` when the bytes are not valid tables
   */
  static decode(body: Uint8Array): BloomPrefilter {
    const reader = new ByteReader(body)
    const rate = reader.f64()
    if (!(rate > 0 && rate <= 0.5)) throw new SnapshotError('body', `a false-positive rate of ${rate}`)
    const heads = Array.from({ length: reader.count(1, MAX_GENERATIONS) }, () => readHead(reader))
    let filter: BloomPrefilter | undefined
    for (const { capacity, entries, ...shape } of heads) {
      const table = new BloomTable(shape, reader.words(shape.blocks * WORDS_PER_BLOCK))
      const generation = { table, capacity, entries }
      if (filter === undefined) filter = new BloomPrefilter(rate, generation)
      else filter.#append(generation)
    }
    reader.end()
    if (filter === undefined) throw new SnapshotError('body', 'no table')
    return filter
  }
}

function newGeneration(capacity: number, rate: number): Generation {
  const shape = bloomShape(capacity, rate)
  if (shape.blocks > MAX_BLOCKS) {
    throw new RangeError(`a table for ${capacity} entries at a rate of ${rate} exceeds 2 GiB`)
  }
  return { table: new BloomTable(shape), capacity, entries: 0 }
}

/** The fields of one table, without its words. */
function readHead(reader: ByteReader): Omit<Generation, 'table'> & { blocks: number; probes: number } {
  const capacity = reader.count(1)
  const entries = reader.count(0, capacity)
  const blocks = reader.u32()
  const probes = reader.u32()
  if (blocks < 1 || blocks > MAX_BLOCKS) throw new SnapshotError('body', `a table of ${blocks} blocks`)
  if (probes < PROBE_STEP || probes > MAX_PROBES || probes % PROBE_STEP !== 0) {
    throw new SnapshotError('body', `a table with ${probes} probes`)
  }
  return { capacity, entries, blocks, probes }
}
