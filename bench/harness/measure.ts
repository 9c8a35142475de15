import { setImmediate } from 'node:timers/promises'
import { mean, quantile, sorted } from './statistics.js'
import type { Measurement, Situation } from './types.js'

/** Something to time, a batch of operations at a time. */
export interface Workload {
  readonly name: string
  /** Makes fresh input for the next batch; not timed. */
  prepare(count: number): void
  /** Does `count` operations on it; returns the number of right answers, which `judge` replaces. */
  run(count: number): number | Promise<number>
  /** Returns how many answers of the last batch were wrong; not timed. */
  judge?(): number
  /** The share of all operations whose answer may be wrong: a filter has false positives. Default 0. */
  readonly tolerated?: number
}

/** Nanoseconds an operation, over the batches of one workload. */
export interface Timing {
  readonly p50: number
  readonly p99: number
  readonly min: number
}

/** A timing and the samples it was made from. */
export interface Timed extends Timing {
  readonly samples: readonly number[]
  readonly batch: number
}

/** How much {@link interleave} measures. */
export interface Rounds {
  readonly rounds: number
  /** Operations a batch. */
  readonly batch: number
  /** Called between batches; not timed. */
  readonly between?: () => void
}

/**
 * Times workloads in turns: in each round every workload does one batch, in an order that rotates, so
 * that other work on the machine slows all of them alike. The event loop turns before each batch, as it
 * does in a server: timers fire, the store is polled, leases are renewed.
 *
 * @returns the timing of each workload, by its name.
 * @throws {Error} when a workload gave more wrong answers than it tolerates.
 */
export async function interleave(
  workloads: readonly Workload[],
  { rounds, batch, between }: Rounds,
): Promise<Map<string, Timed>> {
  const runs = workloads.map((workload) => ({ workload, samples: [] as number[], wrong: 0 }))
  // The first tenth warms up caches and compilers.
  const warmUp = Math.ceil(rounds / 10)
  for (let round = -warmUp; round < rounds; round++) {
    for (const run of rotated(runs, round + warmUp)) {
      const { workload } = run
      workload.prepare(batch)
      await setImmediate()
      const start = process.hrtime.bigint()
      const answer = workload.run(batch)
      const right = typeof answer === 'number' ? answer : await answer
      const elapsed = Number(process.hrtime.bigint() - start)
      run.wrong += workload.judge?.() ?? batch - right
      if (round >= 0) run.samples.push(elapsed / batch)
      between?.()
    }
  }
  for (const { workload, wrong } of runs) {
    const allowed = Math.ceil((workload.tolerated ?? 0) * (rounds + warmUp) * batch)
    if (wrong > allowed)
      throw new Error(`wrong answer: ${workload.name}, ${wrong} times (${allowed} allowed)`)
  }
  return new Map(runs.map(({ workload, samples }) => [workload.name, { ...timing(samples), samples, batch }]))
}

/** The items, beginning with number `by` of them, round and round. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  const first = by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}

/** The percentiles of samples, in their unit. */
export function timing(samples: readonly number[]): Timing {
  const ascending = sorted(samples)
  return { p50: quantile(ascending, 0.5), p99: quantile(ascending, 0.99), min: quantile(ascending, 0) }
}

/** A time to four digits: more would be noise, and records stay small. */
export const rounded = (value: number): number => Number(value.toPrecision(4))

/** A timing as it is recorded. */
export function measurement({ p50, p99, samples, batch }: Timed, situation: Situation): Measurement {
  return {
    ...situation,
    p50Ns: rounded(p50),
    p99Ns: rounded(p99),
    opsPerSecond: rounded(1e9 / mean(samples)),
    batch,
    samples: samples.map(rounded),
  }
}

/** Timings as they are recorded, each workload under its own name. */
export function measurements(timings: ReadonlyMap<string, Timed>, n: number): Measurement[] {
  return [...timings].map(([engine, timed]) => measurement(timed, { engine, n }))
}

/**
 * Finds the timing of a workload by its name.
 *
 * @throws {Error} when there is none.
 */
export function of<T extends Timing>(timings: ReadonlyMap<string, T>, name: string): T {
  const found = timings.get(name)
  if (found === undefined) throw new Error(`nothing was timed as ${name}`)
  return found
}

/** Runs something and takes its time in seconds. */
export async function seconds<T>(
  run: () => Promise<T>,
): Promise<{ readonly result: T; readonly seconds: number }> {
  const start = process.hrtime.bigint()
  const result = await run()
  return { result, seconds: Number(process.hrtime.bigint() - start) / 1e9 }
}
