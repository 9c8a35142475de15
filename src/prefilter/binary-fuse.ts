import type { Digest } from '../ports/index.js'

/**
 * A static 3-wise binary fuse filter (Graf, Lemire: "Binary Fuse Filters: Fast and Smaller Than Xor Filters",
 * 2022). Each entry has three cells, one in each of three neighbouring segments, and the XOR of the three is
 * its fingerprint. For a digest that is no entry it is the fingerprint with a chance of 2^-bits.
 *
 * `words[2]` and `words[3]`, mixed with a seed, choose the cells and the fingerprint: 64 digest bits in all.
 * The mixing is weak and need not be more. Digests come from SipHash under a secret key, so nobody can choose
 * entries that no seed places; and it is a bijection, which makes uniform numbers of uniform ones.
 */

/** Bits of a fingerprint: false positives are 2^-8 or 2^-16. */
export type FingerprintBits = 8 | 16

/** The cells of a table: an unsigned number of the fingerprint's size each. */
export type Cells = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>

/** How the cells of a table are arranged. */
export interface FuseShape {
  /** Cells of a segment: a power of two up to {@link MAX_SEGMENT_LENGTH}. */
  readonly segmentLength: number
  /** Segments in which the first of an entry's cells may be. There are two more. */
  readonly segmentCount: number
}

/** A table as plain data: it can be sent to another thread. */
export interface FuseParts extends FuseShape {
  /** Distinct entries. */
  readonly entries: number
  /** The seed with which the construction succeeded: a signed 32-bit number. */
  readonly seed: number
  readonly cells: Cells
}

/** Part of the paper: longer segments would no longer make a table smaller. */
export const MAX_SEGMENT_LENGTH = 2 ** 18

// Odd constants with well-mixed bits (of MurmurHash3's finaliser). They are part of the snapshot format.
const MIX_SECOND = 0x85ebca6b
const MIX_FIRST = 0xc2b2ae35
const MIX_FINGERPRINT = 0x27d4eb2f

/** 2^-32: turns a product of two 32-bit numbers into its high half. */
const HIGH_HALF = 2 ** -32

/** The smallest arrangement in which `entries` (at least 1) can nearly always be placed, as in the paper. */
export function fuseShape(entries: number): FuseShape {
  const log = Math.log(entries)
  const segmentLength = Math.min(MAX_SEGMENT_LENGTH, 2 ** Math.floor(log / Math.log(3.33) + 2.25))
  const room = entries === 1 ? 1 : Math.max(1.125, 0.875 + (0.25 * Math.log(1e6)) / log)
  return {
    segmentLength,
    segmentCount: Math.max(1, Math.ceil((entries * room) / segmentLength) - 2),
  }
}

/** All cells of an arrangement. */
export function cellCount({ segmentLength, segmentCount }: FuseShape): number {
  return (segmentCount + 2) * segmentLength
}

/** Mixes `words[3]` with a seed. */
export function mixSecond(word: number, seed: number): number {
  const mix = Math.imul(word ^ seed, MIX_SECOND)
  return mix ^ (mix >>> 15)
}

/** Mixes `words[2]` with the mixed `words[3]`. */
export function mixFirst(word: number, second: number): number {
  const mix = Math.imul(word ^ second, MIX_FIRST)
  return mix ^ (mix >>> 15)
}

/** Turns a 32-bit number into the number of a first cell. */
export function scaleOf({ segmentLength, segmentCount }: FuseShape): number {
  return segmentCount * segmentLength * HIGH_HALF
}

// From here on `first` is what mixFirst gives, and `sum` that plus what mixSecond gives.

/** The first cell: multiply-high range reduction (Lemire 2018) in doubles. `scale`: see {@link scaleOf}. */
export function firstCell(first: number, scale: number): number {
  return ((first >>> 0) * scale) | 0
}

/** The second cell, in the segment after the first's. */
export function secondCell(cell: number, sum: number, segmentLength: number): number {
  return (cell + segmentLength) ^ (sum & (segmentLength - 1))
}

/** The third cell, in the segment after the second's. */
export function thirdCell(cell: number, sum: number, segmentLength: number): number {
  return (cell + 2 * segmentLength) ^ ((sum >>> 14) & (segmentLength - 1))
}

/** The leading bits of a product are its best mixed ones. `shift`: 32 less the bits of a fingerprint. */
export function fingerprint(first: number, sum: number, shift: number): number {
  return Math.imul(first ^ sum, MIX_FINGERPRINT) >>> shift
}

/** The filter. It can't change: `FuseConstruction` makes another one. */
export class FuseTable {
  readonly parts: FuseParts
  readonly #cells: Cells
  readonly #seed: number
  readonly #scale: number
  readonly #segmentLength: number
  readonly #shift: number

  /** @param parts - of a construction that succeeded; used as they are, not copied */
  constructor(parts: FuseParts) {
    this.parts = parts
    this.#cells = parts.cells
    this.#seed = parts.seed
    this.#scale = scaleOf(parts)
    this.#segmentLength = parts.segmentLength
    this.#shift = 32 - 8 * parts.cells.BYTES_PER_ELEMENT
  }

  get bits(): FingerprintBits {
    return this.#shift === 16 ? 16 : 8
  }

  /** Whether a digest has its fingerprint. The three reads don't depend on each other: they wait together. */
  has(digest: Digest): boolean {
    const cells = this.#cells
    const segmentLength = this.#segmentLength
    const second = mixSecond(digest[3] ?? 0, this.#seed)
    const first = mixFirst(digest[2] ?? 0, second)
    const sum = (first + second) | 0
    const cell = firstCell(first, this.#scale)
    const a = cells[cell] ?? 0
    const b = cells[secondCell(cell, sum, segmentLength)] ?? 0
    const c = cells[thirdCell(cell, sum, segmentLength)] ?? 0
    return (a ^ b ^ c) === fingerprint(first, sum, this.#shift)
  }
}
