/** How much is measured: everything, enough for a rough idea, or only whether the answers are right. */
export type Scale = 'full' | 'quick' | 'test'

/** What a case is told. */
export interface Context {
  readonly scale: Scale
  /** A directory on the disk that stores are measured on; removed after the run. */
  readonly directory: string
  /** Every random number of the run follows from it. */
  readonly seed: string
}

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

/** The answer of a benchmarked thing was not what it must be: whatever it took, it does not count. */
export function assertAnswer(right: boolean, what: string): asserts right {
  if (!right) throw new Error(`wrong answer: ${what}`)
}
