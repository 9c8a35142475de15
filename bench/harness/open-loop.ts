import type { Histogram } from 'hdr-histogram-js'
import { newHistogram } from './histogram.js'

/** Operations begun in one turn of the event loop, however many are due: libuv takes so many events from its sockets, then looks at its timers. */
const PER_TURN = 1024

/** What operations of one kind took, in nanoseconds. */
export interface Latencies {
  /** From when each was to begin until it was done. */
  readonly latency: Histogram
  /** From when it did begin. */
  readonly service: Histogram
}

export const newLatencies = (): Latencies => ({ latency: newHistogram(), service: newHistogram() })

/** When operations are begun, and what they are. */
export interface Load<Input extends { readonly times: Latencies }> {
  readonly ratePerSecond: number
  /** The monotonic clock, in nanoseconds. */
  readonly now: () => number
  /** Lets the event loop turn. */
  readonly turn: () => Promise<unknown>
  /** Whether another is to be begun; `begun`: how many were. */
  readonly goOn: (begun: number) => boolean
  /** What the next one works on, and where its times go. Before it begins, as a request is parsed before it is answered. */
  readonly take: () => Input
  /** One operation; a promise where it can't be done at once. Throws, or rejects, where its answer is wrong. */
  readonly operate: (input: Input) => Promise<void> | undefined
  /** Called in each turn in which nothing more is due: the place to make what operations will need. */
  readonly spare?: () => void
}

/**
 * Begins operations at a fixed rate, whatever the ones before took: requests come from people who don't wait for each other. Each is to
 * begin at its place in a schedule, and what it took counts from there. So a stall of the event loop delays all that were due in it,
 * and they all say so. Timed from their actual beginning they would not: the one that stalled would be the only slow one, and the
 * others would not have been begun (coordinated omission: Gil Tene, "How NOT to Measure Latency").
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
      // Between two requests Node does what needs no waiting: one that is answered by then does not wait for the next.
      if (begin(dueAt) !== undefined) await new Promise<void>((resolve) => process.nextTick(resolve))
      begun++
    }
    await turn()
  }
  await Promise.all(underWay)
  if (failures.length > 0) throw failures[0]
}

/** Nanoseconds; a number is exact up to 104 days after the machine was started. */
export const nowNs = (): number => Number(process.hrtime.bigint())
