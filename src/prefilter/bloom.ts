import type { Digest, Prefilter } from '../ports/index.js'
import { BloomTable } from './bloom-table.js'
import { ByteReader, ByteWriter, littleEndian } from './bytes.js'
import { BLOCK_BITS, bloomRate, bloomShape, MAX_BLOCKS, mostEntries, PROBE_STEP } from './sizing.js'
import { SnapshotError } from './snapshot-error.js'

/** The first table takes at least this many entries: fewer would save nothing and grow too often. */
const LEAST_ENTRIES = 1024

/** Each table past the first is sized for half the rate of the one before, down to this. */
const LEAST_RATE = 1e-10

const WORDS_PER_BLOCK = BLOCK_BITS / 32

const MOST_GENERATIONS = 64

interface Generation {
  readonly table: BloomTable
  readonly capacity: number
  entries: number
}

/**
 * The default filter: a blocked Bloom filter, 22 bits an entry at a rate of 1e-4, one cache line a check.
 *
 * Past its capacity it grows by adding a table twice as large at half the rate (a scalable Bloom filter:
 * Almeida, Baquero, Preguiça, Hutchison 2007), so the overall rate stays below twice the target whatever
 * is added, and nothing is ever lost. Each table costs a check another cache line: rebuild when convenient.
 * It can't forget a single entry; rebuilding is the way.
 */
export class BloomPrefilter implements Prefilter {
  readonly kind = 'bloom'
  readonly capacity: number
  private readonly rate: number
  /** All tables but the newest. */
  private readonly older: Generation[] = []
  private newest: Generation
  private count = 0

  /** @param generations - oldest first, at least one; taken over, not copied. */
  private constructor(rate: number, generations: readonly [Generation, ...Generation[]]) {
    this.rate = rate
    this.capacity = generations[0].capacity
    this.newest = generations[0]
    for (const generation of generations) {
      if (generation !== generations[0]) this.older.push(this.newest)
      this.newest = generation
      this.count += generation.entries
    }
  }

  /**
   * An empty filter. Throws a `RangeError` where one table would pass 2 GiB ({@link mostBloomEntries}).
   * @param expectedRevocations - entries it holds at its target rate; whole, >= 1
   * @param falsePositiveRate - the target rate at that size; above 0, at most 0.5
   */
  static create(expectedRevocations: number, falsePositiveRate: number): BloomPrefilter {
    return new BloomPrefilter(falsePositiveRate, [
      newGeneration(Math.max(LEAST_ENTRIES, expectedRevocations), falsePositiveRate),
    ])
  }

  get entries(): number {
    return this.count
  }

  get bytes(): number {
    return this.older.reduce(
      (sum, { table }) => sum + table.words.byteLength,
      this.newest.table.words.byteLength,
    )
  }

  get expectedFalsePositiveRate(): number {
    let negative = 1
    for (const { table, entries } of [...this.older, this.newest]) {
      negative *=
        1 - bloomRate(entries, { blocks: table.words.length / WORDS_PER_BLOCK, probes: table.probes })
    }
    return 1 - negative
  }

  has(digest: Digest): boolean {
    // The newest is the largest, and mostly the only one.
    return this.newest.table.has(digest) || (this.older.length > 0 && this.inOlder(digest))
  }

  private inOlder(digest: Digest): boolean {
    for (let i = this.older.length - 1; i >= 0; i--) {
      if (this.older[i].table.has(digest)) return true
    }
    return false
  }

  /** O(1); where it grows, the time to allocate a zeroed table (the system maps its pages as they are used). */
  add(digest: Digest): boolean {
    if (this.has(digest)) return false
    if (this.newest.entries >= this.newest.capacity) this.grow()
    this.newest.table.add(digest)
    this.newest.entries++
    this.count++
    return true
  }

  private grow(): void {
    this.older.push(this.newest)
    const rate = Math.max(LEAST_RATE, this.rate / 2 ** this.older.length)
    this.newest = newGeneration(Math.min(this.newest.capacity * 2, mostEntries(rate)), rate)
  }

  /** The layout is described in snapshot.ts. The tables are not copied: bits are only ever set in them, so they may be read at leisure; what is added meanwhile may be in them, and is not counted. */
  encode(): readonly Uint8Array[] {
    const generations = [...this.older, this.newest]
    const writer = new ByteWriter(8 + 8 + generations.length * 24)
    writer.f64(this.rate)
    writer.f64(generations.length)
    for (const { table, capacity, entries } of generations) {
      writer.f64(capacity)
      writer.f64(entries)
      writer.u32(table.words.length / WORDS_PER_BLOCK)
      writer.u32(table.probes)
    }
    return [writer.bytes, ...generations.map(({ table }) => littleEndian(table.words))]
  }

  /** Reads what {@link BloomPrefilter.encode} wrote; a `SnapshotError` where it can't be. Copies, never re-adds. */
  static decode(body: Uint8Array): BloomPrefilter {
    const reader = new ByteReader(body)
    const rate = reader.f64()
    if (!(rate > 0 && rate <= 0.5)) throw new SnapshotError('body', `a false-positive rate of ${rate}`)
    const heads = Array.from({ length: reader.count(1, MOST_GENERATIONS) }, () => {
      const capacity = reader.count(1)
      const entries = reader.count(0, capacity)
      const blocks = reader.u32()
      const probes = reader.u32()
      if (blocks < 1 || blocks > MAX_BLOCKS) throw new SnapshotError('body', `a table of ${blocks} blocks`)
      if (probes < PROBE_STEP || probes > 64 || probes % PROBE_STEP !== 0) {
        throw new SnapshotError('body', `a table with ${probes} probes`)
      }
      return { capacity, entries, blocks, probes }
    })
    const [first, ...rest] = heads.map(({ capacity, entries, ...shape }) => {
      return { capacity, entries, table: new BloomTable(shape, reader.words(shape.blocks * WORDS_PER_BLOCK)) }
    })
    reader.end()
    return new BloomPrefilter(rate, [first, ...rest])
  }
}

/** The most entries that a filter can be created for at a rate. */
export { mostEntries as mostBloomEntries }

function newGeneration(capacity: number, rate: number): Generation {
  const shape = bloomShape(capacity, rate)
  if (shape.blocks > MAX_BLOCKS)
    throw new RangeError(`a table for ${capacity} entries at ${rate} passes 2 GiB`)
  return { table: new BloomTable(shape), capacity, entries: 0 }
}
