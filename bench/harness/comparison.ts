import type { BenchRecord, RecordedMeasurement } from './record.js'
import { median, sorted } from './statistics.js'

/** One engine in one situation, in two records. */
export interface Compared {
  readonly case: string
  /** The engine and its situation, as a line of text. */
  readonly engine: string
  readonly n: number
  readonly p50Ns: readonly [number, number]
  /** The second p50 ÷ the first: below 1 is faster. */
  readonly ratio: number
  /** Whether the change is more than noise. */
  readonly change: 'faster' | 'slower' | 'none'
}

export interface Comparison {
  readonly compared: readonly Compared[]
  /** Measured in one of the two only. */
  readonly onlyInFirst: readonly string[]
  readonly onlyInSecond: readonly string[]
  /** What else differs: a ratio may come from there. */
  readonly differences: readonly string[]
  /** The median of all ratios: far from 1, the runs differ as a whole, the machine rather than the code. */
  readonly medianRatio: number | null
}

/** Medians of two runs of the same code on a machine with other work differ by so much even where their samples are of one mind. */
export const DRIFT = 0.1

/** For an interval that holds the median 99 times in 100. */
const Z = 2.576

/**
 * Compares two records. A change is more than noise where the two medians' intervals of 99 % are apart *and* the medians
 * differ by more than `drift`. The intervals say what the samples of a run say about its median; they don't see that a whole run was
 * slow, which the samples share. That is what the second condition is for.
 */
export function compareRecords(first: BenchRecord, second: BenchRecord, drift = DRIFT): Comparison {
  const before = new Map(first.results.map((one) => [situationOf(one), one]))
  const after = new Map(second.results.map((one) => [situationOf(one), one]))
  const compared: Compared[] = []
  for (const [situation, one] of before) {
    const other = after.get(situation)
    if (other !== undefined) compared.push(compareTwo(one, other, drift))
  }
  const ratios = compared.map(({ ratio }) => ratio)
  return {
    compared,
    onlyInFirst: [...before.keys()].filter((situation) => !after.has(situation)),
    onlyInSecond: [...after.keys()].filter((situation) => !before.has(situation)),
    differences: differencesOf(first, second),
    medianRatio: ratios.length === 0 ? null : median(ratios),
  }
}

/** `isClearlyActive`, `bloom has, uuidv4, miss`: all that names a measurement within its case, but n. */
export function nameOf({ engine, operation, keys, mix }: RecordedMeasurement): string {
  return [operation === undefined ? engine : `${engine} ${operation}`, keys, mix]
    .filter((part) => part !== undefined)
    .join(', ')
}

const situationOf = (one: RecordedMeasurement): string => `${one.case}: ${nameOf(one)}, n = ${one.n}`

function compareTwo(one: RecordedMeasurement, other: RecordedMeasurement, drift: number): Compared {
  const ratio = other.p50Ns / one.p50Ns
  const [least, most] = medianInterval(one.samples)
  const [otherLeast, otherMost] = medianInterval(other.samples)
  const slower = otherLeast > most && ratio > 1 + drift
  const faster = otherMost < least && ratio < 1 / (1 + drift)
  return {
    case: one.case,
    engine: nameOf(one),
    n: one.n,
    p50Ns: [one.p50Ns, other.p50Ns],
    ratio,
    change: slower ? 'slower' : faster ? 'faster' : 'none',
  }
}

/**
 * Between which samples the median lies, 99 times in 100, whatever the distribution: the ranks of the binomial by its normal
 * approximation (Conover, Practical Nonparametric Statistics, 3.2). Seven samples or fewer can't say so with that confidence: 2 · 0.5^7 > 1 %.
 */
export function medianInterval(samples: readonly number[]): [number, number] {
  if (samples.length < 8) return [0, Infinity]
  const ascending = sorted(samples)
  const { length } = ascending
  const half = (Z * Math.sqrt(length)) / 2
  const low = ascending[Math.max(0, Math.floor(length / 2 - half) - 1)]
  const high = ascending[Math.min(length - 1, Math.ceil(length / 2 + half))]
  return [low ?? 0, high ?? Infinity]
}

function differencesOf(first: BenchRecord, second: BenchRecord): string[] {
  const facts = ({ scale, seed, machine, versions }: BenchRecord): Record<string, string | number> => ({
    scale,
    seed,
    ...machine,
    ...versions,
  })
  const [a, b] = [facts(first), facts(second)]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((name) => a[name] !== b[name])
    .map((name) => `${name}: ${a[name] ?? 'not recorded'} / ${b[name] ?? 'not recorded'}`)
}
