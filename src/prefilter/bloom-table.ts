import type { Digest } from '../ports/index.js'
import type { BloomShape } from './sizing.js'

/**
 * Steps from one probe to the next: a ← a·STEP + b (mod 2^32). Any odd constant with well-mixed bits
 * serves; this one is Steele and Vigna's 32-bit LCG multiplier ("Computationally easy, spectrally good
 * multipliers", 2021). It is part of the snapshot format.
 */
const STEP = 0x915f77f5

/** 2^-32: turns a product of two 32-bit numbers into its high half. */
const HIGH_HALF = 2 ** -32

/**
 * One fixed-size blocked Bloom table: a digest sets `probes` bits, all in one block of 512 (a cache line).
 *
 * `words[2]` chooses the block; the probes are the top 9 bits of a linear congruential sequence that
 * starts at `words[3]` and is stepped by `words[2]`, hence 64 digest bits in all. The measured
 * rate is that of truly independent probes, to some 3 %, down to 1e-5. (Plain double hashing, a ← a + b, is 4 times
 * worse at 1e-4 and 22 times at 1e-5: its patterns are arithmetic progressions, and too few.)
 */
export class BloomTable {
  readonly words: Int32Array
  readonly probes: number
  /** Multiplied with a 32-bit number it gives a block. A property of its own saves `has` a division. */
  private readonly scale: number

  /** @param words - 16 per block; taken over, not copied. */
  constructor({ blocks, probes }: BloomShape, words: Int32Array = new Int32Array(blocks * 16)) {
    this.words = words
    this.probes = probes
    this.scale = blocks * HIGH_HALF
  }

  /** Whether all bits of a digest are set. */
  has(digest: Digest): boolean {
    const words = this.words
    const b = digest[2]
    let a = digest[3]
    // Multiply-high range reduction (Lemire 2018) in doubles. Past 2^21 blocks the product may be rounded,
    // always alike, and never up to `blocks` itself: the gap below it is 2^-32 of it, a rounding 2^-53.
    const block = (((b >>> 0) * this.scale) | 0) << 4
    // Four probes to a branch. At 50 % fill one bit is a coin toss that no branch predictor wins, four are
    // a "no" in 15 of 16 cases: 5–15 ns instead of 15–25. `a >>> 28` is the word within the block; the next
    // five bits are the bit in it, and as JavaScript takes a shift count mod 32, `x >>> (a >>> 23)` needs no mask.
    for (let left = this.probes; left > 0; left -= 4) {
      const a1 = (Math.imul(a, STEP) + b) | 0
      const a2 = (Math.imul(a1, STEP) + b) | 0
      const a3 = (Math.imul(a2, STEP) + b) | 0
      const all =
        (words[block + (a >>> 28)] >>> (a >>> 23)) &
        (words[block + (a1 >>> 28)] >>> (a1 >>> 23)) &
        (words[block + (a2 >>> 28)] >>> (a2 >>> 23)) &
        (words[block + (a3 >>> 28)] >>> (a3 >>> 23))
      if ((all & 1) === 0) return false
      a = (Math.imul(a3, STEP) + b) | 0
    }
    return true
  }

  /** Sets all bits of a digest. */
  add(digest: Digest): void {
    const words = this.words
    const b = digest[2]
    let a = digest[3]
    const block = (((b >>> 0) * this.scale) | 0) << 4
    for (let left = this.probes; left > 0; left--) {
      words[block + (a >>> 28)] |= 1 << (a >>> 23)
      a = (Math.imul(a, STEP) + b) | 0
    }
  }
}
