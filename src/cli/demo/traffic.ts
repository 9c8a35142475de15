import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Revocade, Token } from '../../api.js'
import type { DecidedBy } from '../../engine/verdict.js'
import { quantile } from '../statistics.js'

/** A check whose right answer is known without the engine. */
export interface Probe {
  readonly token: Token
  readonly revoked: boolean
  /**
   * Counts for the false-positive rate: an id that occurs once and was never revoked. Others do not count,
   * because a single false positive on a `sub` that many checks share would dominate the rate.
   */
  readonly sample?: boolean
}

/** What came of many checks on one engine. Times are in microseconds and include the await of the answer. */
export type TrafficResult = Awaited<ReturnType<typeof sendTraffic>>

/**
 * Checks between two turns of the event loop. Without them a loop of answers that are ready would be one long
 * microtask, and the engine could not follow the changes of other processes.
 */
const TURN = 250
const WARM_UP = 20_000

/** Sends checks through the engine and compares each answer with the truth. */
export async function sendTraffic(engine: Revocade, probes: Iterable<Probe>, step?: (done: number) => void) {
  // Warm-up: the first calls of a function are interpreted and slow.
  for (let i = 0; i < WARM_UP; i++) await engine.check({ iss: 'https://warm-up.example', jti: `${i}` })
  const { expectedFalsePositiveRate } = engine.stats().prefilter
  const times: Record<DecidedBy, number[]> = { prefilter: [], cache: [], redis: [], store: [], policy: [] }
  let [checks, wrong, answeredRevoked, distinctIds, falsePositives] = [0, 0, 0, 0, 0]
  for (const { token, revoked, sample = false } of probes) {
    const started = performance.now()
    const { status, decidedBy } = await engine.check(token)
    times[decidedBy].push((performance.now() - started) * 1000)
    if (status === 'revoked') answeredRevoked++
    if (status !== (revoked ? 'revoked' : 'active')) wrong++
    if (sample) distinctIds++
    if (sample && decidedBy !== 'prefilter') falsePositives++
    if (++checks % TURN !== 0) continue
    step?.(checks)
    await nextTurn()
  }
  const { kind, entries, bytes } = engine.stats().prefilter
  return {
    prefilter: kind,
    entries,
    bytes,
    bytesPerEntry: bytes / Math.max(1, entries),
    expectedFalsePositiveRate,
    /** The share of `distinctIds` never revoked ids that the filter could not rule out. */
    measuredFalsePositiveRate: falsePositives / Math.max(1, distinctIds),
    distinctIds,
    checks,
    answeredRevoked,
    wrong,
    layers: Object.entries(times)
      .filter(([, all]) => all.length > 0)
      .map(([layer, all]) => {
        return { layer, answers: all.length, p50: quantile(all, 0.5), p99: quantile(all, 0.99) }
      }),
  }
}
