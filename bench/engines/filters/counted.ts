import type { Digest, Prefilter } from '#dist/ports/index.js'
import type { Keys } from '../../inputs/keys.js'
import type { Random } from '../../inputs/random.js'
import type { Filter } from './filter.js'

/** A filter whose false positives are counted while it is filled. */
export interface Counted {
  readonly name: string
  readonly ours: boolean
  /** The false-positive rate that it promises at `size` entries; 0 where it has none. */
  readonly rate: number
  readonly size: number
  /** By its own account, or by the textbook. */
  expectedRate(): number
  bytes(): number
  add(count: number): void
  /** How many of those added are not found. */
  lost(): number
  /** Makes things that were never added, all different. */
  prepare(count: number): void
  /** How many of them it says it holds. */
  positives(): number
}

/** A filter, the rate that it promises at `size` entries, and the `most` entries that it gets in the end. */
export interface Promised<F> {
  readonly name: string
  readonly filter: F
  readonly rate: number
  readonly size: number
  readonly most: number
}

/** One of ours, with random digests: a keyed digest of anything is as random, and takes longer to make. */
export class RandomDigests implements Counted {
  readonly name: string
  readonly ours = true
  readonly rate: number
  readonly size: number
  readonly #filter: Prefilter
  readonly #random: Random
  readonly #added: Int32Array
  #entries = 0
  #asked: Int32Array = new Int32Array(0)

  constructor({ name, filter, rate, size, most }: Promised<Prefilter>, random: Random) {
    this.name = name
    this.rate = rate
    this.size = size
    this.#filter = filter
    this.#random = random
    this.#added = random.fill(new Int32Array(most * 4))
  }

  expectedRate(): number {
    return this.#filter.expectedFalsePositiveRate
  }

  bytes(): number {
    return this.#filter.bytes
  }

  add(count: number): void {
    const digest = new Int32Array(4)
    for (const end = this.#entries + count; this.#entries < end; this.#entries++)
      this.#filter.add(copy(this.#added, this.#entries, digest))
  }

  lost(): number {
    return this.#entries - this.#found(this.#added, this.#entries)
  }

  prepare(count: number): void {
    this.#asked = this.#random.fill(new Int32Array(count * 4))
  }

  positives(): number {
    return this.#found(this.#asked, this.#asked.length / 4)
  }

  #found(digests: Int32Array, count: number): number {
    const filter = this.#filter
    const digest = new Int32Array(4)
    let found = 0
    for (let i = 0; i < count; i++) if (filter.has(copy(digests, i, digest))) found++
    return found
  }
}

function copy(digests: Int32Array, index: number, digest: Digest): Digest {
  for (let i = 0; i < 4; i++) digest[i] = digests[index * 4 + i] ?? 0
  return digest
}

/** Another's, with keys: it hashes them itself, and its rate is that of its hash as well. */
export class NumberedKeys implements Counted {
  readonly name: string
  readonly ours = false
  readonly rate: number
  readonly size: number
  readonly #filter: Filter
  readonly #keys: Keys
  /** Those to ask for are numbered from here on. */
  #next: number
  #entries = 0
  #asked: readonly string[] = []

  constructor({ name, filter, rate, size, most }: Promised<Filter>, keys: Keys) {
    this.name = name
    this.rate = rate
    this.size = size
    this.#filter = filter
    this.#keys = keys
    this.#next = most
  }

  expectedRate(): number {
    return this.#filter.expectedRate(this.#entries)
  }

  bytes(): number {
    return Number(this.#filter.bytes())
  }

  add(count: number): void {
    for (const end = this.#entries + count; this.#entries < end; this.#entries++)
      this.#filter.add([this.#keys.at(this.#entries)])
  }

  lost(): number {
    let lost = 0
    for (let i = 0; i < this.#entries; i++) lost += 1 - this.#filter.count([this.#keys.at(i)])
    return lost
  }

  prepare(count: number): void {
    this.#asked = this.#keys.range(this.#next, this.#next + count)
    this.#next += count
  }

  positives(): number {
    return this.#filter.count(this.#asked)
  }
}
