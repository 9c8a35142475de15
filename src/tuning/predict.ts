import type { Candidate } from './candidates.js'
import { activeNs, CORES_PER_GIB, type Costs } from './costs.js'
import { meanOf, type Outcome, quantileOf } from './mixture.js'
import type { RedisLayer } from './redis-layer.js'
import { cacheShare, SECONDS_PER_DAY, type Traffic } from './traffic.js'

/** What a candidate should do under some traffic. Times in nanoseconds, of one check. */
export interface Prediction {
  readonly candidate: Candidate
  /** Memory of the prefilter, in each process. */
  readonly memoryBytes: number
  /** Null where it uses no Redis. */
  readonly redisBytes: number | null
  /** Bits of a digest that the prefix cache compares, in bucket number and field; null without Redis. */
  readonly prefixCacheBits: number | null
  /** Of all checks, the share that asks Redis or the store. */
  readonly leavesProcess: number
  readonly meanNs: number
  readonly p99Ns: number
  /** Reads of the store for tokens that nobody revoked, and all reads. */
  readonly falseStoreReadsPerDay: number
  readonly storeReadsPerDay: number
  /** What the checks wait and what the memory costs, both in cores. */
  readonly costCores: number
}

/** What a prediction is about besides the traffic. */
export interface Conditions {
  readonly costs: Costs
  /** Undefined: there is none. */
  readonly layer: RedisLayer | undefined
}

/** They are in the means of what L0 answers already. Where about one check in a hundred leaves the process, p99 is another with them than without. */
function withInterruptions(
  outcomes: readonly Outcome[],
  { interruptions: { share, ns }, tails }: Costs,
): Outcome[] {
  return [
    ...outcomes.map((one) => ({ ...one, share: one.share * (1 - share) })),
    { share, mean: ns, fixed: 0, tail: tails.behind },
  ]
}

/**
 * A check is one of five things: of an active token that L0 rules out, or doesn't; of a revoked one that the cache knows, or doesn't; and
 * behind Redis also one that it proves absent. That a false positive may be asked again and then cached is left out: every token counts as new, so
 * reads are at most what is said.
 */
export function predict(candidate: Candidate, traffic: Traffic, { costs, layer }: Conditions): Prediction {
  const { revokedShare, checksPerSecond, redisRttUs = 0 } = traffic
  const l1 = candidate.redis ? layer : undefined
  const cached = cacheShare(traffic)
  const falsePositives = (1 - revokedShare) * candidate.falsePositiveRate
  const unknownRevoked = revokedShare * (1 - cached)
  // What Redis can't prove absent goes on to the store; without Redis everything does.
  const toStore = l1 === undefined ? 1 : Math.min(1, l1.falsePositiveRate + l1.unprovenShare)
  const active = activeNs(costs, candidate.prefilter.kind, candidate.bytes, candidate.entries)
  const grown = active - (costs.active[0]?.[1] ?? 0)
  const redis = costs.redisPath + redisRttUs * 1000
  const store = (l1 === undefined ? costs.storePath : redis) + costs.storeRead
  // The round trip and the store are taken as constant: only our own part has a tail.
  const [redisFixed, storeFixed] = [
    redisRttUs * 1000,
    store - (l1 === undefined ? costs.storePath : costs.redisPath),
  ]
  const tail = costs.tails.behind
  const outcomes: Outcome[] = [
    {
      share: (1 - revokedShare) * (1 - candidate.falsePositiveRate),
      mean: active,
      fixed: 0,
      tail: costs.tails.active,
    },
    { share: falsePositives * (1 - toStore), mean: grown + redis, fixed: redisFixed, tail },
    { share: falsePositives * toStore, mean: grown + store, fixed: storeFixed, tail },
    { share: revokedShare * cached, mean: grown + costs.cached, fixed: 0, tail },
    { share: unknownRevoked, mean: grown + store, fixed: storeFixed, tail },
  ]
  const meanNs = meanOf(outcomes)
  const falseReads = checksPerSecond * SECONDS_PER_DAY * falsePositives * toStore
  const redisBytes = l1?.bytes ?? null
  return {
    candidate,
    memoryBytes: candidate.bytes,
    redisBytes,
    prefixCacheBits: l1 === undefined ? null : l1.bucketBits + l1.fieldBits,
    leavesProcess: falsePositives + unknownRevoked,
    meanNs,
    p99Ns: quantileOf(withInterruptions(outcomes, costs), 0.99),
    falseStoreReadsPerDay: falseReads,
    storeReadsPerDay: falseReads + checksPerSecond * SECONDS_PER_DAY * unknownRevoked,
    costCores:
      (checksPerSecond * meanNs) / 1e9 + ((candidate.bytes + (redisBytes ?? 0)) / 2 ** 30) * CORES_PER_GIB,
  }
}
