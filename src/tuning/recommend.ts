import { candidates } from './candidates.js'
import { type Choice, choose } from './choose.js'
import type { Costs } from './costs.js'
import { bestRate } from './optimum.js'
import { predict, type Prediction } from './predict.js'
import { prefixBitsNeeded, type RedisLayer, redisLayer } from './redis-layer.js'
import { type Population, population, SECONDS_PER_DAY, type Traffic } from './traffic.js'

/** All that there is to say about some traffic. */
export interface Recommendation {
  readonly traffic: Traffic
  readonly population: Population
  readonly costs: Costs
  /** The prefix cache for this traffic; undefined where there is no Redis. */
  readonly layer: RedisLayer | undefined
  /** By the formula, where a false positive asks the store; and where it asks Redis. */
  readonly bestRate: { readonly store: number; readonly redis: number | undefined }
  /** Prefix bits that the budget needs, and those that the prefix cache has; undefined without Redis or budget. */
  readonly prefixBits: { readonly needed: number; readonly present: number } | undefined
  /** In the order of the candidates. */
  readonly predictions: readonly Prediction[]
  readonly choice: Choice
}

/** More entries than an engine takes as `expectedRevocations`. */
const MOST_CAPACITY = 1e9

/** Throws a `RangeError` where no engine could hold what the layers would have to keep. */
export function recommend(traffic: Traffic, costs: Costs): Recommendation {
  const people = population(traffic)
  const { capacity, kept } = people
  if (capacity > MOST_CAPACITY) {
    throw new RangeError(
      `${kept.toLocaleString('en')} revocations would have to be kept (what has expired stays for an hour), and a filter takes ${(MOST_CAPACITY / 2).toLocaleString('en')} at most`,
    )
  }
  const { redisRttUs, storeReadsPerDay, checksPerSecond, revokedShare } = traffic
  const layer = redisRttUs === undefined ? undefined : redisLayer(people, redisRttUs)
  const predictions = candidates(people, layer !== undefined).map((candidate) =>
    predict(candidate, traffic, { costs, layer }),
  )
  const choice = choose(predictions, traffic, costs)
  const rate = (lookNs: number): number =>
    bestRate({
      entries: capacity,
      checksPerSecond: checksPerSecond * (1 - revokedShare),
      lookSeconds: lookNs / 1e9,
    })
  const looksPerDay =
    checksPerSecond * SECONDS_PER_DAY * (1 - revokedShare) * choice.chosen.candidate.falsePositiveRate
  return {
    traffic,
    population: people,
    costs,
    layer,
    predictions,
    choice,
    bestRate: {
      store: rate(costs.storePath + costs.storeRead),
      redis: redisRttUs === undefined ? undefined : rate(costs.redisPath + redisRttUs * 1000),
    },
    prefixBits:
      layer === undefined || storeReadsPerDay === undefined || storeReadsPerDay === 0
        ? undefined
        : {
            needed: prefixBitsNeeded(looksPerDay, kept, storeReadsPerDay),
            present: layer.bucketBits + layer.fieldBits,
          },
  }
}
