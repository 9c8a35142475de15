import type { BenchRecord, RecordedMeasurement } from './record.js'
import { median, sorted } from './statistics.js'

/** One engine in one situation, measured in two records. */
export interface Compared {
  readonly case: string
  /** The engine and its situation as text. */
  readonly engine: string
  readonly n: number
  readonly p50Ns: readonly [number, number]
  /** The second p50 ÷ the first: below 1 is faster. */
  readonly ratio: number
  /** Whether the change is more than noise. */
  readonly change: 'faster' | 'slower' | 'none'
}

/** What two records have in common, and what not. */
export interface Comparison {
  readonly compared: readonly Compared[]
  /** Measured in the first record only. */
  readonly onlyInFirst: readonly string[]
  readonly onlyInSecond: readonly string[]
  /** Differing settings, machines and versions: other reasons for a ratio. */
  readonly differences: readonly string[]
  /** The median of all ratios. Far from 1, the machine was faster or slower in one of the runs. */
  readonly medianRatio: number | null
}

/** The share by which medians of the same code differ from run to run on a machine with other work. */
export const DRIFT = 0.1

/** Standard deviations of an interval that holds the median with a probability of 99 %. */
const Z = 2.576

/**
 * Compares two records. A change is more than noise when the 99 % intervals of the two medians are apart
 * *and* the medians differ by more than `drift`. An interval covers the noise between the samples of a run;
 * `drift` covers what all samples of a run share, such as a slow machine.
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

/** The name of a measurement within its case, without n: `isClearlyActive`, `bloom has, uuidv4, miss`. */
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
 * The samples between which the median lies with a probability of 99 %, for any distribution: binomial
 * ranks by their normal approximation (Conover, Practical Nonparametric Statistics, 3.2). Fewer than eight
 * samples can't give that: 2 · 0.5^7 > 1 %.
 */
export function medianInterval(samples: readonly number[]): [number, number] {
  if (samples.length < 8) return [0, Infinity]
  const ascending = sorted(samples)
  const { length } = ascending
  const half = (Z * Math.sqrt(length)) / 2
  const low = ascending.at(Math.max(0, Math.floor(length / 2 - half) - 1))
  const high = ascending.at(Math.min(length - 1, Math.ceil(length / 2 + half)))
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
