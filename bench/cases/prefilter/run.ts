import { type Answers, answersOf } from '../../engines/filters/answers.js'
import { build } from '../../engines/filters/build.js'
import { DigestFilter, type Filter } from '../../engines/filters/filter.js'
import { Add, Has, Probe } from '../../engines/filters/filter-workloads.js'
import { makeFilters, type Sized } from '../../engines/filters/make.js'
import { heapBytesPerEntry } from '../../harness/heap.js'
import { interleave, measurement, of, type Timed, timing, type Workload } from '../../harness/measure.js'
import type { Context, Measurement, Situation } from '../../harness/types.js'
import { KEY_KINDS, type KeyKind, Keys } from '../../inputs/keys.js'
import { type Mix, MIXES } from '../../inputs/query-stream.js'
import { Random } from '../../inputs/random.js'
import { counts, sizesOf } from '../sizes.js'

/** What is measured at each size. */
const MIXES_OF_SIZES: readonly Mix[] = ['hit', 'miss']

/** What was done with keys of one kind, and how long it took each filter. */
interface Operation {
  readonly timings: ReadonlyMap<string, Timed>
  readonly kind: KeyKind
  readonly operation: string
  readonly mix?: Mix
}

/**
 * All filters, measured in turns. Two questions: how does each filter grow, and what do keys and mixes
 * change? For the first, all sizes get UUIDv4, asked for hits and misses. For the second, one size,
 * `matrix`, gets all keys and all mixes.
 */
export class Run {
  readonly results: Measurement[] = []
  readonly #context: Context
  readonly #plan: ReturnType<typeof sizesOf<'prefilter'>>
  readonly #random: Random

  constructor(context: Context) {
    this.#context = context
    this.#plan = sizesOf('prefilter', context.scale)
    this.#random = new Random(context.seed, 'prefilter')
  }

  async all(): Promise<void> {
    const { builds: plan, matrix } = this.#plan
    for (const [n, builds] of counts(plan)) await this.#measure(n, 'uuidv4', builds)
    for (const kind of KEY_KINDS) if (kind !== 'uuidv4') await this.#measure(matrix, kind, 1)
  }

  async #measure(n: number, kind: KeyKind, builds: number): Promise<void> {
    const keys = new Keys(kind, this.#context.seed)
    const heap = heapBytesPerEntry(n, () => setOf(keys, n))
    const sets = await this.#built(n, keys, builds)
    await this.#adds(sets, keys)
    const answers = new Map<Filter, Answers>(
      sets.map(({ filter, n: held }) => [
        filter,
        answersOf(filter, keys, held, this.#plan.others / (filter.name === 'bloom-filters' ? 10 : 1)),
      ]),
    )
    for (const mix of n === this.#plan.matrix ? MIXES : MIXES_OF_SIZES) {
      const { rounds, batch } = this.#plan
      const asked = sets.filter((set) => !this.#known(situation(set, kind, 'has', mix)))
      const timings = await interleave(
        asked.map(
          ({ filter, n: held }) =>
            new Has(filter, {
              keys,
              n: held,
              mix,
              answers: answersIn(answers, filter),
              random: this.#random,
            }),
        ),
        { rounds, batch },
      )
      this.#record(asked, { timings, kind, operation: 'has', mix }, ({ filter, n: held }) => {
        const { falseNegatives, falsePositiveRate } = answersIn(answers, filter)
        return {
          falseNegatives,
          falsePositiveRate,
          bytesPerEntry: Number(
            (filter.bytes() === undefined ? heap : Number(filter.bytes()) / held).toPrecision(4),
          ),
        }
      })
    }
    // The digests of all kinds of keys are alike.
    if (kind === 'uuidv4') for (const mix of MIXES_OF_SIZES) await this.#probes(sets, keys, mix, answers)
    for (const { filter } of sets) filter.close()
  }

  /** Filters with all keys but those that are added one by one. */
  async #built(n: number, keys: Keys, builds: number): Promise<Sized[]> {
    const samples = new Map<string, number[]>()
    for (let i = 1; ; i++) {
      const sets = await makeFilters(n, this.#plan.slow, this.#addBatch(n) * this.#addRounds())
      const times = await build(sets, keys)
      for (const [{ name }, ns] of times) samples.set(name, [...(samples.get(name) ?? []), ns])
      if (i === builds) {
        const timings = new Map(
          [...samples].map(([name, ns]): [string, Timed] => [name, { ...timing(ns), samples: ns, batch: n }]),
        )
        this.#record(sets, { timings, kind: keys.kind, operation: 'build' })
        return sets
      }
      for (const { filter } of sets) filter.close()
    }
  }

  async #adds(sets: readonly Sized[], keys: Keys): Promise<void> {
    const adding = sets.filter(({ adds }) => adds > 0)
    const n = Math.max(...sets.map((set) => set.n))
    const workloads: Workload[] = adding.map(
      ({ filter, n: held, adds }) => new Add(filter, keys, held - adds),
    )
    const timings = await interleave(workloads, { rounds: this.#plan.rounds, batch: this.#addBatch(n) })
    this.#record(adding, { timings, kind: keys.kind, operation: 'add' })
  }

  async #probes(
    sets: readonly Sized[],
    keys: Keys,
    mix: Mix,
    answers: ReadonlyMap<Filter, Answers>,
  ): Promise<void> {
    const { rounds, batch } = this.#plan
    const asked = sets.filter(({ filter }) => filter instanceof DigestFilter)
    const workloads = asked.flatMap(({ filter, n }) =>
      filter instanceof DigestFilter
        ? [new Probe(filter, { keys, n, mix, answers: answersIn(answers, filter), random: this.#random })]
        : [],
    )
    const timings = await interleave(workloads, { rounds, batch })
    this.#record(asked, { timings, kind: keys.kind, operation: 'probe of a ready digest', mix })
  }

  /** A few at a time: at the smallest size, all that are added one by one are less than half of the set. */
  #addBatch(n: number): number {
    return Math.max(4, Math.min(256, Math.floor(n / 100)))
  }

  /** As many as `interleave` makes of them, with those that warm up. */
  #addRounds(): number {
    return this.#plan.rounds + Math.ceil(this.#plan.rounds / 10)
  }

  /**
   * At several sizes bloom-filters has the same number of entries; the same situation is measured only once.
   */
  #known(one: Situation): boolean {
    return this.results.some((other) =>
      (['engine', 'n', 'operation', 'keys', 'mix'] as const).every((name) => one[name] === other[name]),
    )
  }

  #record(
    sets: readonly Sized[],
    { timings, kind, operation, mix }: Operation,
    figures: (set: Sized) => Partial<Measurement> = () => ({}),
  ): void {
    for (const set of sets) {
      const at = situation(set, kind, operation, mix)
      if (!this.#known(at))
        this.results.push({ ...measurement(of(timings, set.filter.name), at), ...figures(set) })
    }
  }
}

function situation({ filter, n }: Sized, keys: KeyKind, operation: string, mix?: Mix): Situation {
  return { engine: filter.name, n, operation, keys, ...(mix === undefined ? {} : { mix }) }
}

function answersIn(answers: ReadonlyMap<Filter, Answers>, filter: Filter): Answers {
  const found = answers.get(filter)
  if (found === undefined) throw new Error(`${filter.name} was not asked`)
  return found
}

function setOf(keys: Keys, n: number): Set<string> {
  const set = new Set<string>()
  for (let i = 0; i < n; i++) set.add(keys.at(i))
  return set
}
