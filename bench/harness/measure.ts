import { setImmediate } from 'node:timers/promises'
import { mean, quantile, sorted } from './statistics.js'
import type { Measurement, Situation } from './types.js'

/**
 * Something to time, a batch of operations at a time. `prepare` makes fresh input and is not timed; `run` does
 * `count` operations on it and returns how many gave the expected answer.
 */
export interface Workload {
  readonly name: string
  prepare(count: number): void
  run(count: number): number | Promise<number>
  /** How many of so many operations may answer otherwise: a filter has false positives. Default 0. */
  readonly tolerated?: number
}

/** Nanoseconds per operation over the batches of one workload. */
export interface Timing {
  readonly p50: number
  readonly p99: number
  readonly min: number
}

/** With what it was made from. */
export interface Timed extends Timing {
  readonly samples: readonly number[]
  readonly batch: number
}

export interface Rounds {
  readonly rounds: number
  readonly batch: number
  /** Called between batches, outside the timing. */
  readonly between?: () => void
}

/**
 * Times workloads side by side: in each round every one does a batch, in an order that rotates, so that whatever else
 * the machine does falls on all of them alike. Between batches the event loop turns, as it does in a server: timers
 * fire, the store is polled, leases are renewed.
 */
export async function interleave(
  workloads: readonly Workload[],
  { rounds, batch, between }: Rounds,
): Promise<Map<string, Timed>> {
  const samples = new Map<Workload, number[]>(workloads.map((workload) => [workload, []]))
  const missed = new Map<Workload, number>(workloads.map((workload) => [workload, 0]))
  // The first tenth warms up caches and compilers.
  const warmUp = Math.ceil(rounds / 10)
  for (let round = -warmUp; round < rounds; round++) {
    for (let i = 0; i < workloads.length; i++) {
      const workload = workloads[(i + round + warmUp) % workloads.length]
      workload.prepare(batch)
      await setImmediate()
      const start = process.hrtime.bigint()
      const answer = workload.run(batch)
      const right = typeof answer === 'number' ? answer : await answer
      const elapsed = Number(process.hrtime.bigint() - start)
      missed.set(workload, (missed.get(workload) ?? 0) + batch - right)
      if (round >= 0) samples.get(workload)?.push(elapsed / batch)
      between?.()
    }
  }
  for (const [workload, wrong] of missed) {
    const allowed = Math.ceil((workload.tolerated ?? 0) * (rounds + warmUp) * batch)
    if (wrong > allowed)
      throw new Error(`wrong answer: ${workload.name}, ${wrong} times (${allowed} allowed)`)
  }
  return new Map([...samples].map(([{ name }, times]) => [name, { ...timing(times), samples: times, batch }]))
}

export function timing(samples: readonly number[]): Timing {
  const ascending = sorted(samples)
  return { p50: quantile(ascending, 0.5), p99: quantile(ascending, 0.99), min: quantile(ascending, 0) }
}

/** Four digits of a time tell all that it knows, and keep records small. */
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

/** All that was timed side by side over so many entries, each workload under its own name. */
export function measurements(timings: ReadonlyMap<string, Timed>, n: number): Measurement[] {
  return [...timings].map(([engine, timed]) => measurement(timed, { engine, n }))
}

/** The timing of a workload by its name. */
export function of<T extends Timing>(timings: ReadonlyMap<string, T>, name: string): T {
  const found = timings.get(name)
  if (found === undefined) throw new Error(`nothing was timed as ${name}`)
  return found
}

/** Seconds that something took. */
export async function seconds<T>(
  run: () => Promise<T>,
): Promise<{ readonly result: T; readonly seconds: number }> {
  const start = process.hrtime.bigint()
  const result = await run()
  return { result, seconds: Number(process.hrtime.bigint() - start) / 1e9 }
}
