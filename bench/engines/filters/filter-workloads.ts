import type { Workload } from '../../harness/measure.js'
import type { Keys } from '../../inputs/keys.js'
import { type Mix, QueryStream } from '../../inputs/query-stream.js'
import type { Random } from '../../inputs/random.js'
import { TOLERATED } from '../engine-workloads.js'
import { type Answers, toleratedOf } from './answers.js'
import type { DigestFilter, Filter } from './filter.js'

/** A question that is asked again and again counts its wrong answer each time: one of the most frequent ranks makes so much of all. */
const TOLERATED_OF_ZIPF = 0.1

abstract class FilterLookups implements Workload {
  readonly name: string
  readonly tolerated: number
  readonly #keys: Keys
  readonly #queries: QueryStream
  readonly #n: number
  #hits = 0

  constructor(filter: Filter, keys: Keys, n: number, mix: Mix, answers: Answers, random: Random) {
    this.name = filter.name
    // Others may be as wrong as was seen before anything was timed, and recorded.
    const wrong = filter.ours
      ? toleratedOf(filter, n) - TOLERATED
      : answers.lost + 2 * answers.falsePositiveRate
    this.tolerated = wrong + (mix === 'zipf' ? TOLERATED_OF_ZIPF : TOLERATED)
    this.#keys = keys
    this.#n = n
    this.#queries = new QueryStream(mix, n, random)
  }

  prepare(count: number): void {
    this.#hits = 0
    this.take(
      Array.from({ length: count }, () => {
        const index = this.#queries.next()
        if (index < this.#n) this.#hits++
        return this.#keys.at(index)
      }),
    )
  }

  run(count: number): number {
    return count - Math.abs(this.found() - this.#hits)
  }

  protected abstract take(keys: readonly string[]): void
  protected abstract found(): number
}

/** FilterLookups with new strings, as they come out of a parser. */
export class Has extends FilterLookups {
  readonly #filter: Filter
  #asked: readonly string[] = []

  constructor(filter: Filter, keys: Keys, n: number, mix: Mix, answers: Answers, random: Random) {
    super(filter, keys, n, mix, answers, random)
    this.#filter = filter
  }

  protected take(keys: readonly string[]): void {
    this.#asked = keys
  }

  protected found(): number {
    return this.#filter.count(this.#asked)
  }
}

/** FilterLookups with what was made of their digests already. */
export class Probe extends FilterLookups {
  readonly #filter: DigestFilter

  constructor(filter: DigestFilter, keys: Keys, n: number, mix: Mix, answers: Answers, random: Random) {
    super(filter, keys, n, mix, answers, random)
    this.#filter = filter
  }

  protected take(keys: readonly string[]): void {
    this.#filter.ready(keys)
  }

  protected found(): number {
    return this.#filter.probe()
  }
}

/** Adds the keys from a number on, one by one. */
export class Add implements Workload {
  readonly name: string
  readonly #filter: Filter
  readonly #keys: Keys
  #next: number
  #added: readonly string[] = []

  constructor(filter: Filter, keys: Keys, from: number) {
    this.name = filter.name
    this.#filter = filter
    this.#keys = keys
    this.#next = from
  }

  prepare(count: number): void {
    this.#added = this.#keys.range(this.#next, this.#next + count)
    this.#next += count
  }

  /** Whether they are found is asked of all keys afterwards. */
  run(count: number): number {
    this.#filter.add(this.#added)
    return count
  }
}
