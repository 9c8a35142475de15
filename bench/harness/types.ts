/** How much is measured: everything, enough for a rough idea, or only whether the answers are right. */
export type Scale = 'full' | 'quick' | 'test'

/** What a run is told, and so each of its cases. */
export interface Settings {
  readonly scale: Scale
  /** A directory on the disk that stores are measured on; removed after the run. */
  readonly directory: string
  /** Every random number of the run follows from it. */
  readonly seed: string
}

/** What a case gets: the settings, and where it puts what it measured. */
export interface Context extends Settings {
  readonly record: (measurements: readonly Measurement[]) => void
}

/**
 * What one engine took in one situation. A sample is the time of a batch divided by the operations in it, so `p99Ns` is of
 * batches: a single slow operation in a batch of 512 hardly shows.
 */
export interface Measurement {
  readonly engine: string
  /** Entries alive meanwhile; 0 where there are none to speak of. */
  readonly n: number
  /** What was done, where the case does several things with one engine: `has`, `add`. */
  readonly operation?: string
  /** The kind of keys: `uuidv4`. */
  readonly keys?: string
  /** Which keys were asked for: `hit`, `miss`. */
  readonly mix?: string
  readonly p50Ns: number
  readonly p99Ns: number
  /** Of single operations, where each was timed by itself: {@link Measurement.batch} is 1. */
  readonly p999Ns?: number
  readonly p9999Ns?: number
  readonly maxNs?: number
  /** How many were timed so; the samples then are evenly spaced quantiles of them. */
  readonly operations?: number
  /** How many a second at the mean of the samples, one caller after the other. */
  readonly opsPerSecond: number
  readonly batch: number
  /** Nanoseconds per operation, in the order in which they were taken. */
  readonly samples: readonly number[]
  readonly bytesPerEntry?: number
  readonly falsePositiveRate?: number
  /** Entries that were added and not found: 0 in anything that may be trusted with revocations. */
  readonly falseNegatives?: number
}

/** The same without the figures: what tells one measurement of a case from another. */
export type Situation = Pick<Measurement, 'engine' | 'n' | 'operation' | 'keys' | 'mix'>

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
  /** What the value was made from. */
  readonly from?: string
}

export const atMost = (value: number): Target => ({ at: 'most', value })
export const atLeast = (value: number): Target => ({ at: 'least', value })

/** A benchmark: checks its answers first, and throws where one is wrong. */
export interface Case {
  readonly name: string
  readonly title: string
  /** Flags of the process that it runs in. */
  readonly nodeFlags?: readonly string[]
  run(context: Context): Promise<Row[]>
}

/** What the process of a case sends when it is done. */
export interface CaseResult {
  readonly rows: readonly Row[]
  readonly measured: readonly Measurement[]
}

/** The answer of a benchmarked thing was not what it must be: whatever it took, it does not count. */
export function assertAnswer(right: boolean, what: string): asserts right {
  if (!right) throw new Error(`wrong answer: ${what}`)
}
