/** How much is measured: all of it, enough for a rough idea, or only whether the answers are right. */
export type Scale = 'full' | 'quick' | 'test'

/** The settings of a run, passed to each case. */
export interface Settings {
  readonly scale: Scale
  /** A directory on the disk that stores are measured on; removed after the run. */
  readonly directory: string
  /** The seed of all random numbers. */
  readonly seed: string
}

/** The settings of a case, and where it puts its measurements. */
export interface Context extends Settings {
  readonly record: (measurements: readonly Measurement[]) => void
}

/**
 * The times of one engine in one situation. A sample is the time of a batch divided by its operations, so
 * `p99Ns` is of batches: one slow operation among 512 hardly shows.
 */
export interface Measurement {
  readonly engine: string
  /** Live entries; 0 where there are none. */
  readonly n: number
  /** The operation, in a case that measures several: `has`, `add`. */
  readonly operation?: string
  /** The kind of keys: `uuidv4`. */
  readonly keys?: string
  /** Which keys were asked for: `hit`, `miss`. */
  readonly mix?: string
  readonly p50Ns: number
  readonly p99Ns: number
  /** The percentile of single operations, in a case that times each: {@link Measurement.batch} is 1. */
  readonly p999Ns?: number
  readonly p9999Ns?: number
  readonly maxNs?: number
  /** The number of operations timed singly; `samples` then holds evenly spaced quantiles of them. */
  readonly operations?: number
  /** Operations a second of one caller, from the mean of the samples. */
  readonly opsPerSecond: number
  readonly batch: number
  /** Nanoseconds per operation, in the order in which they were taken. */
  readonly samples: readonly number[]
  readonly bytesPerEntry?: number
  readonly falsePositiveRate?: number
  /** Entries that were added and not found: 0 in anything that may be trusted with revocations. */
  readonly falseNegatives?: number
}

/** The fields that tell one measurement of a case from another. */
export type Situation = Pick<Measurement, 'engine' | 'n' | 'operation' | 'keys' | 'mix'>

/** The unit of a row's value; `x` is a ratio. */
export type Unit = 'x' | 'ns' | 'µs' | 'ms' | 's' | '/s' | 'bytes' | 'bits' | ''

/** A bound that a measured value is held against. */
export interface Target {
  readonly at: 'most' | 'least'
  readonly value: number
}

/** One line of the report. */
export interface Row {
  readonly what: string
  readonly value: number
  readonly unit: Unit
  readonly target?: Target
  /** The figures that the value was made from. */
  readonly from?: string
}

/** A target: the value is at most this. */
export const atMost = (value: number): Target => ({ at: 'most', value })
/** A target: the value is at least this. */
export const atLeast = (value: number): Target => ({ at: 'least', value })

/** A benchmark. Throws on a wrong answer. */
export interface Case {
  readonly name: string
  readonly title: string
  /** Flags of its process. */
  readonly nodeFlags?: readonly string[]
  run(context: Context): Promise<Row[]>
}

/** What the process of a case sends at the end. */
export interface CaseResult {
  readonly rows: readonly Row[]
  readonly measured: readonly Measurement[]
}

/** @throws {Error} when an answer is wrong: the time it took does not count. */
export function assertAnswer(right: boolean, what: string): asserts right {
  if (!right) throw new Error(`wrong answer: ${what}`)
}
