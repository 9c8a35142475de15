import type { Random } from './random.js'
import { Zipf } from './zipf.js'

/**
 * Which keys are asked for. `mixed`: hits and misses at random, so that no branch predictor knows the answer.
 * `zipf`: as mixed, but a few keys get most of the questions, as from clients that retry.
 */
export const MIXES = ['hit', 'miss', 'mixed', 'zipf'] as const
export type Mix = (typeof MIXES)[number]

/** As in the Yahoo Cloud Serving Benchmark (Cooper et al. 2010), to be comparable with other figures. */
const EXPONENT = 0.99

/** Keys that were never added are numbered from n on; so many that hardly one is asked for twice. */
const MISSES = 2 ** 29

/** Spreads ranks over the set: without it, the keys asked for most would be neighbours in memory. */
const SPREAD = 1_000_003

/** Numbers of keys to ask a set for that holds the keys 0 to n − 1. */
export class QueryStream {
  readonly #mix: Mix
  readonly #n: number
  readonly #random: Random
  readonly #zipf: Zipf

  constructor(mix: Mix, n: number, random: Random) {
    this.#mix = mix
    this.#n = n
    this.#random = random
    this.#zipf = new Zipf(2 * n, EXPONENT, random)
  }

  /** A hit is a number below n. */
  next(): number {
    if (this.#mix === 'zipf') return this.#byRank(this.#zipf.next() - 1)
    const hit = this.#mix === 'hit' || (this.#mix === 'mixed' && this.#random.int32() < 0)
    return hit ? this.#below(this.#n) : this.#n + this.#below(MISSES)
  }

  /** Every other rank is a hit. */
  #byRank(rank: number): number {
    const number = ((rank >> 1) * SPREAD) % this.#n
    return rank % 2 === 0 ? number : this.#n + number
  }

  #below(limit: number): number {
    return Math.floor(this.#random.share() * limit)
  }
}
