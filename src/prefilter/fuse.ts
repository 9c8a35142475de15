import { RevocadeError } from '../errors.js'
import type { Digest, Prefilter } from '../ports/index.js'
import {
  cellCount,
  type FingerprintBits,
  type FuseParts,
  FuseTable,
  MAX_SEGMENT_LENGTH,
} from './binary-fuse.js'
import { BloomPrefilter } from './bloom.js'
import { ByteReader, ByteWriter, littleEndian } from './bytes.js'
import type { PrefilterType } from './prefilter-type.js'
import { SnapshotError } from './snapshot-error.js'

/** The `fuse` prefilter, as `create.ts` lists it. */
export const fuse: PrefilterType = {
  snapshotCode: 6,
  options: ['falsePositiveRate', 'expectedRevocations'],
  create: ({ falsePositiveRate }) => FusePrefilter.create(falsePositiveRate),
  decode: (body) => FusePrefilter.decode(body),
}

/** What holds of base and full delta together, by the bits of a fingerprint. */
const TOTAL_RATES: Readonly<Record<FingerprintBits, number>> = { 8: 5e-3, 16: 3e-5 }
/** Of the delta's first table. Each that it grows by has half the rate of the one before. */
const DELTA_RATES: Readonly<Record<FingerprintBits, number>> = { 8: 5e-4, 16: 7e-6 }

/** Entries of the delta's first table: 35 KiB, which stay in the processor's cache. */
const DELTA_ENTRIES = 9216
/** Share of the base that the delta may have before the base is better made anew. */
const DELTA_SHARE = 1 / 16

/**
 * A static base and a delta: a binary fuse table of the entries that the store had, and a small blocked Bloom
 * filter of those that came since. A check reads three cells of the base, which wait for memory together,
 * and a line of the delta, which is in the cache.
 *
 * The delta grows past any size as {@link BloomPrefilter} does, but each of its tables costs a check more.
 * Past its {@link FusePrefilter.capacity} make the base anew, with `FuseConstruction`, for another filter.
 */
export class FusePrefilter implements Prefilter {
  readonly kind = 'fuse'
  /** Of the base's fingerprints. */
  readonly bits: FingerprintBits
  readonly #delta: BloomPrefilter
  #base: FuseTable | undefined

  private constructor(bits: FingerprintBits, delta: BloomPrefilter, base: FuseTable | undefined) {
    this.bits = bits
    this.#delta = delta
    this.#base = base
  }

  /**
   * An empty filter. All of its entries go to the delta until it gets a base.
   *
   * @param falsePositiveRate - it chooses the bits of a fingerprint: 8 from 5e-3 up, else 16
   * @throws {RevocadeError} ERR_CONFIG when the rate is below that of 16 bits, 3e-5
   */
  static create(falsePositiveRate: number): FusePrefilter {
    const bits = falsePositiveRate >= TOTAL_RATES[8] ? 8 : 16
    if (falsePositiveRate < TOTAL_RATES[bits])
      throw new RevocadeError(
        'ERR_CONFIG',
        `option 'prefilter.falsePositiveRate' must be at least ${TOTAL_RATES[16]} for kind 'fuse': ` +
          "use kind 'bloom' for a lower rate, or 'exact' for none",
      )
    return new FusePrefilter(bits, BloomPrefilter.create(DELTA_ENTRIES, DELTA_RATES[bits]), undefined)
  }

  /** Those of the base and of the delta. One that came to the delta before its base did counts twice. */
  get entries(): number {
    return this.#baseEntries + this.#delta.entries
  }

  get bytes(): number {
    return (this.#base?.parts.cells.byteLength ?? 0) + this.#delta.bytes
  }

  get capacity(): number {
    return this.#baseEntries + Math.max(DELTA_ENTRIES, Math.floor(this.#baseEntries * DELTA_SHARE))
  }

  get expectedFalsePositiveRate(): number {
    const base = this.#base === undefined ? 0 : 2 ** -this.bits
    return 1 - (1 - base) * (1 - this.#delta.expectedFalsePositiveRate)
  }

  get #baseEntries(): number {
    return this.#base?.parts.entries ?? 0
  }

  has(digest: Digest): boolean {
    return this.#base?.has(digest) === true || this.#delta.has(digest)
  }

  add(digest: Digest): boolean {
    return this.#base?.has(digest) !== true && this.#delta.add(digest)
  }

  /**
   * Gives a filter that has none its base; what was added before stays in the delta.
   *
   * @param parts - of a table with fingerprints of as many bits; undefined when it has no entry
   */
  setBase(parts: FuseParts | undefined): void {
    this.#base = parts === undefined ? undefined : new FuseTable(parts)
  }

  /** The tables as bytes; snapshot.ts describes the layout. They are not copied. */
  encode(): readonly Uint8Array[] {
    const parts = this.#base?.parts
    const writer = new ByteWriter(8 + 8 + (parts === undefined ? 0 : 12))
    writer.f64(this.bits)
    writer.f64(this.#baseEntries)
    if (parts === undefined) return [writer.bytes, ...this.#delta.encode()]
    writer.u32(parts.segmentLength)
    writer.u32(parts.segmentCount)
    writer.u32(parts.seed)
    return [writer.bytes, littleEndian(parts.cells), ...this.#delta.encode()]
  }

  /**
   * Restores what {@link FusePrefilter.encode} wrote. The tables are copied.
   *
   * @throws {SnapshotError} `body` when the bytes are not valid tables
   */
  static decode(body: Uint8Array): FusePrefilter {
    const reader = new ByteReader(body)
    const bits = reader.count(8, 16)
    if (bits !== 8 && bits !== 16) throw new SnapshotError('body', `fingerprints of ${bits} bits`)
    const entries = reader.count(0)
    const base = entries === 0 ? undefined : new FuseTable(readParts(reader, entries, bits))
    return new FusePrefilter(bits, BloomPrefilter.decode(reader.raw(reader.left)), base)
  }
}

function readParts(reader: ByteReader, entries: number, bits: FingerprintBits): FuseParts {
  const shape = { segmentLength: reader.u32(), segmentCount: reader.u32() }
  const { segmentLength, segmentCount } = shape
  const seed = reader.u32() | 0
  if (segmentLength > MAX_SEGMENT_LENGTH || !Number.isInteger(Math.log2(segmentLength)))
    throw new SnapshotError('body', `segments of ${segmentLength} cells`)
  const count = cellCount(shape)
  if (segmentCount < 1 || count < entries) throw new SnapshotError('body', `${entries} entries in ${count}`)
  const cells = bits === 16 ? reader.halfWords(count) : new Uint8Array(reader.raw(count))
  return { ...shape, entries, seed, cells }
}
