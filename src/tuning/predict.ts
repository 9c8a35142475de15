import type { Candidate } from './candidates.js'
import { activeNs, CORES_PER_GIB, type Costs } from './costs.js'
import { meanOf, type Outcome, quantileOf } from './mixture.js'
import type { RedisLayer } from './redis-layer.js'
import { cacheShare, SECONDS_PER_DAY, type Traffic } from './traffic.js'

/** What a candidate is expected to do under some traffic. Times are nanoseconds of one check. */
export type Prediction = Readonly<ReturnType<typeof predict>>

/** What a prediction depends on besides candidate and traffic. `layer`: undefined without Redis. */
export type Conditions = Readonly<{ costs: Costs; layer: RedisLayer | undefined }>

/**
 * Predicts from five kinds of checks: an active token that the prefilter rules out; one that Redis then
 * proves absent; one that goes on to the store; a revoked token in the verdict cache; a revoked token in
 * the store. Every false positive counts as new, although the verdict cache may answer it the next time: so
 * reads are an upper bound.
 */
export function predict(candidate: Candidate, traffic: Traffic, { costs, layer }: Conditions) {
  const { revokedShare, checksPerSecond, redisRttUs = 0 } = traffic
  const prefixCache = candidate.redis ? layer : undefined
  const cached = cacheShare(traffic)
  const falsePositives = (1 - revokedShare) * candidate.falsePositiveRate
  const unknownRevoked = revokedShare * (1 - cached)
  // What Redis can't prove absent goes on to the store; without Redis everything goes there.
  const toStore =
    prefixCache === undefined ? 1 : Math.min(1, prefixCache.falsePositiveRate + prefixCache.unprovenShare)
  const active = activeNs(costs, candidate.prefilter.kind, candidate.bytes, candidate.entries)
  const grown = active - (costs.active[0]?.[1] ?? 0)
  // Round trip and store are taken as constant: only the engine's own part has a tail.
  const roundTrip = redisRttUs * 1000
  const path = prefixCache === undefined ? costs.storePath : costs.redisPath
  const fixed = (prefixCache === undefined ? 0 : roundTrip) + costs.storeRead
  const { tails } = costs
  const beyond = (share: number, own: number, fixed: number): Outcome => {
    return { share, mean: grown + own + fixed, fixed, tail: tails.behind }
  }
  const ruledOut = (1 - revokedShare) * (1 - candidate.falsePositiveRate)
  const outcomes: Outcome[] = [
    { share: ruledOut, mean: active, fixed: 0, tail: tails.active },
    beyond(falsePositives * (1 - toStore), costs.redisPath, roundTrip),
    beyond(falsePositives * toStore, path, fixed),
    beyond(revokedShare * cached, costs.cached, 0),
    beyond(unknownRevoked, path, fixed),
  ]
  const meanNs = meanOf(outcomes)
  const checksPerDay = checksPerSecond * SECONDS_PER_DAY
  const falseReads = checksPerDay * falsePositives * toStore
  const redisBytes = prefixCache?.bytes ?? null
  const memoryGib = (candidate.bytes + (redisBytes ?? 0)) / 2 ** 30
  return {
    candidate,
    /** Memory of the prefilter, in each process. */
    memoryBytes: candidate.bytes,
    /** Bytes of the prefix cache in Redis; null without it. */
    redisBytes,
    /** Bits of a digest that the prefix cache compares, in bucket number and field; null without Redis. */
    prefixCacheBits: prefixCache === undefined ? null : prefixCache.bucketBits + prefixCache.fieldBits,
    /** Share of all checks that ask Redis or the store. */
    leavesProcess: falsePositives + unknownRevoked,
    meanNs,
    p99Ns: quantileOf(withInterruptions(outcomes, costs), 0.99),
    /** Reads of the store for tokens that nobody revoked, and all reads. */
    falseStoreReadsPerDay: falseReads,
    storeReadsPerDay: falseReads + checksPerDay * unknownRevoked,
    /** The time of the checks plus the price of the memory, in cores. */
    costCores: (checksPerSecond * meanNs) / 1e9 + memoryGib * CORES_PER_GIB,
  }
}

/** Adds interrupted checks for the p99. The measured means of the prefilter's checks already include them. */
function withInterruptions(outcomes: readonly Outcome[], { interruptions, tails }: Costs): Outcome[] {
  const { share, ns } = interruptions
  const others = outcomes.map((one) => ({ ...one, share: one.share * (1 - share) }))
  return [...others, { share, mean: ns, fixed: 0, tail: tails.behind }]
}
