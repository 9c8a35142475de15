import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Revocade, Token } from '../../api.js'
import type { DecidedBy } from '../../engine/verdict.js'
import type { PrefilterKind } from '../../ports/index.js'

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

/** The answers of one layer. */
export interface LayerResult {
  readonly layer: DecidedBy
  readonly answers: number
  /** Microseconds, including the await of the answer. */
  readonly p50: number
  readonly p99: number
}

/** The result of many checks on one engine. */
export interface TrafficResult {
  readonly prefilter: PrefilterKind
  readonly entries: number
  readonly bytes: number
  readonly bytesPerEntry: number
  readonly expectedFalsePositiveRate: number
  /** The share of `distinctIds` never revoked ids that the filter could not rule out. */
  readonly measuredFalsePositiveRate: number
  readonly distinctIds: number
  readonly checks: number
  readonly answeredRevoked: number
  readonly wrong: number
  readonly layers: readonly LayerResult[]
}

/**
 * Checks between two turns of the event loop. Without them a loop of answers that are ready would be one long
 * microtask, and the engine could not follow the changes of other processes.
 */
const TURN = 250
const WARM_UP = 20_000
const LAYERS: readonly DecidedBy[] = ['prefilter', 'cache', 'redis', 'store', 'policy']

/** Sends checks through the engine and compares each answer with the truth. */
export async function sendTraffic(
  engine: Revocade,
  probes: Iterable<Probe>,
  step: (done: number) => void,
): Promise<TrafficResult> {
  // Warm-up: the first calls of a function are interpreted and slow.
  for (let i = 0; i < WARM_UP; i++)
    await engine.check({ iss: 'https://warm-up.example', jti: `warm-up-${i}` })
  const times = new Map<DecidedBy, number[]>(LAYERS.map((layer) => [layer, []]))
  const before = engine.stats()
  let checks = 0
  let wrong = 0
  let answeredRevoked = 0
  let samples = 0
  let falsePositives = 0
  for (const { token, revoked, sample } of probes) {
    const started = performance.now()
    const { status, decidedBy } = await engine.check(token)
    times.get(decidedBy)?.push((performance.now() - started) * 1000)
    if (status === 'revoked') answeredRevoked++
    if (sample === true) {
      samples++
      if (decidedBy !== 'prefilter') falsePositives++
    }
    if (status !== (revoked ? 'revoked' : 'active')) wrong++
    if (++checks % TURN === 0) {
      step(checks)
      await nextTurn()
    }
  }
  const { prefilter } = engine.stats()
  return {
    prefilter: prefilter.kind,
    entries: prefilter.entries,
    bytes: prefilter.bytes,
    bytesPerEntry: prefilter.bytes / Math.max(1, prefilter.entries),
    expectedFalsePositiveRate: before.prefilter.expectedFalsePositiveRate,
    measuredFalsePositiveRate: falsePositives / Math.max(1, samples),
    distinctIds: samples,
    checks,
    answeredRevoked,
    wrong,
    layers: LAYERS.map((layer) => summary(layer, times.get(layer) ?? [])).filter(
      ({ answers }) => answers > 0,
    ),
  }
}

function summary(layer: DecidedBy, times: number[]): LayerResult {
  const sorted = Float64Array.from(times).sort()
  const at = (share: number): number =>
    sorted.at(Math.min(sorted.length - 1, Math.floor(sorted.length * share))) ?? Number.NaN
  return { layer, answers: times.length, p50: at(0.5), p99: at(0.99) }
}

/** Pseudo-random numbers from 0 to 1, the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
