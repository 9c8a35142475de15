import { type Answers, answersOf } from '../engines/filters/answers.js'
import { build } from '../engines/filters/build.js'
import { DigestFilter, type Filter } from '../engines/filters/filter.js'
import { Add, Has, Probe } from '../engines/filters/filter-workloads.js'
import { makeFilters, type Sized } from '../engines/filters/make.js'
import { heapBytesPerEntry } from '../harness/heap.js'
import { interleave, measurement, of, type Timed, timing, type Workload } from '../harness/measure.js'
import type { Case, Context, Measurement, Row, Situation } from '../harness/types.js'
import { KEY_KINDS, type KeyKind, Keys } from '../inputs/keys.js'
import { type Mix, MIXES } from '../inputs/query-stream.js'
import { Random } from '../inputs/random.js'

/** How often a set of each size is built; only the last one is kept. */
type Builds = readonly (readonly [n: number, builds: number])[]

/**
 * Not every engine at every size with all keys and questions, as that would take hours. All sizes get UUIDv4,
 * asked for hits and misses. One size, `matrix`, gets all keys and all mixes. bloom-filters gets `slow`
 * entries at most.
 */
const PLANS = {
  full: {
    sizes: [
      [1000, 20],
      [10_000, 10],
      [100_000, 4],
      [1_000_000, 3],
      [10_000_000, 1],
    ] satisfies Builds,
    matrix: 1_000_000,
    slow: 100_000,
    rounds: 40,
    batch: 512,
    others: 1_000_000,
  },
  quick: {
    sizes: [
      [1000, 3],
      [10_000, 1],
      [30_000, 1],
    ] satisfies Builds,
    matrix: 10_000,
    slow: 1000,
    rounds: 8,
    batch: 128,
    others: 10_000,
  },
  test: {
    sizes: [
      [200, 1],
      [500, 1],
    ] satisfies Builds,
    matrix: 500,
    slow: 200,
    rounds: 1,
    batch: 32,
    others: 1000,
  },
} as const

/** What is measured at each size. */
const MIXES_OF_SIZES: readonly Mix[] = ['hit', 'miss']

class Run {
  readonly results: Measurement[] = []
  readonly #context: Context
  readonly #plan: (typeof PLANS)[Context['scale']]
  readonly #random: Random

  constructor(context: Context) {
    this.#context = context
    this.#plan = PLANS[context.scale]
    this.#random = new Random(context.seed, 'prefilter')
  }

  async all(): Promise<void> {
    const { sizes, matrix } = this.#plan
    for (const [n, builds] of sizes) await this.#measure(n, 'uuidv4', builds)
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
      this.#record(asked, timings, kind, 'has', mix, ({ filter, n: held }) => {
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
        this.#record(sets, timings, keys.kind, 'build')
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
    this.#record(adding, timings, keys.kind, 'add')
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
    this.#record(
      asked,
      await interleave(workloads, { rounds, batch }),
      keys.kind,
      'probe of a ready digest',
      mix,
    )
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
    timings: ReadonlyMap<string, Timed>,
    kind: KeyKind,
    operation: string,
    mix?: Mix,
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

async function run(context: Context): Promise<Row[]> {
  const measured = new Run(context)
  await measured.all()
  context.record(measured.results)
  const { matrix } = PLANS[context.scale]
  const at = (engine: string, operation: string, mix?: Mix): Measurement | undefined =>
    measured.results.findLast(
      (one) =>
        one.engine === engine &&
        one.operation === operation &&
        one.keys === 'uuidv4' &&
        one.mix === mix &&
        one.n <= matrix,
    )
  const engines = [...new Set(measured.results.map(({ engine }) => engine))].filter(
    (engine) => engine !== 'bloom',
  )
  const ratio = (engine: string, operation: string, mix?: Mix): Row[] => {
    const [one, bloom] = [at(engine, operation, mix), at('bloom', operation, mix)]
    if (one === undefined || bloom === undefined) return []
    return [
      {
        what: `${[operation, mix].filter((part) => part !== undefined).join(', ')}: ${engine} ÷ bloom`,
        value: one.p50Ns / bloom.p50Ns,
        unit: 'x',
        from:
          `${one.p50Ns.toFixed(0)} ns with ${one.n.toLocaleString('en')} ÷ ${bloom.p50Ns.toFixed(0)} ns with ${bloom.n.toLocaleString('en')}` +
          (one.bytesPerEntry === undefined
            ? ''
            : `; ${one.bytesPerEntry.toFixed(1)} and ${bloom.bytesPerEntry?.toFixed(1)} bytes an entry`),
      },
    ]
  }
  const lost = measured.results.filter(({ falseNegatives = 0 }) => falseNegatives > 0)
  return [
    ...engines.flatMap((engine) => ratio(engine, 'has', 'miss')),
    ...engines.flatMap((engine) => ratio(engine, 'build')),
    {
      what: 'measurements of a filter with false negatives',
      value: lost.length,
      unit: '',
      from: [...new Set(lost.map(({ engine }) => engine))].join(', '),
    },
  ]
}

export const prefilter: Case = {
  name: 'prefilter',
  title: 'Sets of keys: ours, and what others would take',
  // A set of ten million strings takes more than a gigabyte, and twice that while it grows.
  nodeFlags: ['--expose-gc', '--max-old-space-size=12288'],
  run,
}
