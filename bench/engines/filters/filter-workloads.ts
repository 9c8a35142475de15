import type { Workload } from '../../harness/measure.js'
import { assertAnswer } from '../../harness/types.js'
import type { Keys } from '../../inputs/keys.js'
import { type Mix, QueryStream } from '../../inputs/query-stream.js'
import type { Random } from '../../inputs/random.js'
import { TOLERATED } from '../engine-workloads.js'
import { type Answers, toleratedOf } from './answers.js'
import type { DigestFilter, Filter } from './filter.js'

/** A share of all questions: under Zipf a few keys make most of them, and a wrong answer counts each time. */
const TOLERATED_OF_ZIPF = 0.1

/** What a filter is asked, and how right it was before anything was timed. */
export interface Questions {
  readonly keys: Keys
  /** The filter holds the keys 0 to `n` − 1. */
  readonly n: number
  readonly mix: Mix
  readonly answers: Answers
  readonly random: Random
}

/** Lookups in a filter. A false positive is tolerated at the filter's rate, a false negative is not. */
abstract class FilterLookups implements Workload {
  readonly name: string
  readonly tolerated: number
  readonly #keys: Keys
  readonly #queries: QueryStream
  readonly #n: number
  readonly #mayLose: boolean
  #held: string[] = []
  #others: string[] = []
  #found = 0

  constructor(filter: Filter, { keys, n, mix, answers, random }: Questions) {
    this.name = filter.name
    // Filters of other packages may be as wrong as they were before the timing; the record tells how wrong.
    const wrong = filter.ours
      ? toleratedOf(filter, n) - TOLERATED
      : answers.lost + 2 * answers.falsePositiveRate
    this.tolerated = wrong + (mix === 'zipf' ? TOLERATED_OF_ZIPF : TOLERATED)
    this.#mayLose = !filter.ours && answers.falseNegatives > 0
    this.#keys = keys
    this.#n = n
    this.#queries = new QueryStream(mix, n, random)
  }

  prepare(count: number): void {
    this.#held = []
    this.#others = []
    const keys = Array.from({ length: count }, () => {
      const index = this.#queries.next()
      const key = this.#keys.at(index)
      const kind = index < this.#n ? this.#held : this.#others
      kind.push(key)
      return key
    })
    this.take(keys)
  }

  run(): number {
    return (this.#found = this.found())
  }

  /**
   * Asks again for the keys that the filter holds and for the others apart. In the timed total a false
   * negative and a false positive would cancel each other.
   */
  judge(): number {
    const found = this.#ask(this.#held)
    const falsePositives = this.#ask(this.#others)
    const lost = this.#held.length - found
    assertAnswer(this.#mayLose || lost === 0, `${this.name} lost ${lost} of ${this.#held.length} keys`)
    assertAnswer(found + falsePositives === this.#found, `${this.name} changed an answer`)
    return lost + falsePositives
  }

  #ask(keys: readonly string[]): number {
    this.take(keys)
    return this.found()
  }

  /** Sets the keys of the next {@link FilterLookups.found}. */
  protected abstract take(keys: readonly string[]): void

  /** The number of these keys that the filter says it holds. */
  protected abstract found(): number
}

/** Lookups of new strings, as they come out of a parser. */
export class Has extends FilterLookups {
  readonly #filter: Filter
  #asked: readonly string[] = []

  constructor(filter: Filter, questions: Questions) {
    super(filter, questions)
    this.#filter = filter
  }

  protected take(keys: readonly string[]): void {
    this.#asked = keys
  }

  protected found(): number {
    return this.#filter.count(this.#asked)
  }
}

/** Lookups of keys whose digests were made before. */
export class Probe extends FilterLookups {
  readonly #filter: DigestFilter

  constructor(filter: DigestFilter, questions: Questions) {
    super(filter, questions)
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

  /** Counts all as right: `answersOf` looks for them afterwards. */
  run(count: number): number {
    this.#filter.add(this.#added)
    return count
  }
}
