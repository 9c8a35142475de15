import type { Histogram } from 'hdr-histogram-js'
import { newHistogram } from './histogram.js'

/** The most operations that begin in one turn of the event loop: libuv, too, limits the events of a turn. */
const PER_TURN = 1024

/** The times of operations of one kind, in nanoseconds. */
export interface Latencies {
  /** From the moment an operation was due until it was done. */
  readonly latency: Histogram
  /** From the moment it began until it was done. */
  readonly service: Histogram
}

/** Empty histograms of both times. */
export const newLatencies = (): Latencies => ({ latency: newHistogram(), service: newHistogram() })

/** When operations begin, and what they are. */
export interface Load<Input extends { readonly times: Latencies }> {
  readonly ratePerSecond: number
  /** The monotonic clock, in nanoseconds. */
  readonly now: () => number
  /** Lets the event loop turn. */
  readonly turn: () => Promise<unknown>
  /** Returns whether another operation is to begin; `begun` have begun so far. */
  readonly goOn: (begun: number) => boolean
  /** Returns the input of the next operation, before its time begins: a server parses a request first. */
  readonly take: () => Input
  /** Does one operation; returns a promise unless it is done at once. Throws or rejects on a wrong answer. */
  readonly operate: (input: Input) => Promise<void> | undefined
  /** Called in a turn with nothing more due: makes input for later operations. */
  readonly spare?: () => void
}

/**
 * Begins operations at a fixed rate, however long earlier ones take, as independent users send requests.
 * Each operation is due at its place in a schedule, and its latency counts from there. A stall of the event
 * loop therefore shows in all operations that were due in it. Counted from their actual beginning, only the
 * stalled one would be slow (coordinated omission: Gil Tene, "How NOT to Measure Latency").
 */
export async function openLoop<Input extends { readonly times: Latencies }>(
  load: Load<Input>,
): Promise<void> {
  const { ratePerSecond, now, turn, goOn, take, operate, spare } = load
  const intervalNs = 1e9 / ratePerSecond
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []
  const startedAt = now()
  let begun = 0
  const begin = (dueAt: number): Promise<void> | undefined => {
    const input = take()
    const begunAt = now()
    const done = (): void => {
      const doneAt = now()
      input.times.latency.recordValue(Math.max(1, Math.round(doneAt - dueAt)))
      input.times.service.recordValue(Math.max(1, Math.round(doneAt - begunAt)))
    }
    const pending = operate(input)
    if (pending === undefined) {
      done()
      return undefined
    }
    const finished: Promise<void> = pending
      .then(done)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(finished))
    underWay.add(finished)
    return finished
  }
  while (failures.length === 0 && goOn(begun)) {
    for (let i = 0; i < PER_TURN && goOn(begun); i++) {
      const dueAt = startedAt + begun * intervalNs
      if (now() < dueAt) {
        spare?.()
        break
      }
      // Node runs its microtasks between two requests: an answer that is ready need not wait for the next.
      if (begin(dueAt) !== undefined) await new Promise<void>((resolve) => process.nextTick(resolve))
      begun++
    }
    await turn()
  }
  await Promise.all(underWay)
  if (failures.length > 0) throw failures[0]
}

/** The monotonic clock in nanoseconds; exact until the machine has run for 104 days. */
export const nowNs = (): number => Number(process.hrtime.bigint())
