import { candidates } from './candidates.js'
import { choose } from './choose.js'
import type { Costs } from './costs.js'
import { bestRate } from './optimum.js'
import { predict } from './predict.js'
import { prefixBitsNeeded, redisLayer } from './redis-layer.js'
import { population, SECONDS_PER_DAY, type Traffic } from './traffic.js'

/** The choice for some traffic, with everything it follows from. */
export type Recommendation = Readonly<ReturnType<typeof recommend>>

/** The largest `expectedRevocations` that an engine takes. */
const MOST_CAPACITY = 1e9

/**
 * Predicts all candidates and chooses one.
 *
 * @throws {RangeError} when no engine could hold the revocations that have to be kept.
 */
export function recommend(traffic: Traffic, costs: Costs) {
  const people = population(traffic)
  const { capacity, kept } = people
  if (capacity > MOST_CAPACITY) {
    throw new RangeError(
      `${kept.toLocaleString('en')} revocations would have to be kept, because expired ones stay ` +
        `for an hour, and a filter takes ${(MOST_CAPACITY / 2).toLocaleString('en')} at most`,
    )
  }
  const { redisRttUs, storeReadsPerDay = 0, checksPerSecond, revokedShare } = traffic
  const layer = redisRttUs === undefined ? undefined : redisLayer(people, redisRttUs)
  const predictions = candidates(people, layer !== undefined).map((candidate) =>
    predict(candidate, traffic, { costs, layer }),
  )
  const choice = choose(predictions, traffic, costs)
  const activePerSecond = checksPerSecond * (1 - revokedShare)
  const rate = (lookNs: number): number =>
    bestRate({ entries: capacity, checksPerSecond: activePerSecond, lookSeconds: lookNs / 1e9 })
  const looksPerDay = activePerSecond * SECONDS_PER_DAY * choice.chosen.candidate.falsePositiveRate
  return {
    traffic,
    population: people,
    costs,
    /** The prefix cache for this traffic; undefined where there is no Redis. */
    layer,
    /** In the order of the candidates. */
    predictions,
    choice,
    /** The best rate by the formula, if a false positive asks the store, and if it asks Redis. */
    bestRate: {
      store: rate(costs.storePath + costs.storeRead),
      redis: redisRttUs === undefined ? undefined : rate(costs.redisPath + redisRttUs * 1000),
    },
    /** Prefix bits that the budget needs, and those there are; undefined without Redis or budget. */
    prefixBits:
      layer === undefined || storeReadsPerDay === 0
        ? undefined
        : {
            needed: prefixBitsNeeded(looksPerDay, kept, storeReadsPerDay),
            present: layer.bucketBits + layer.fieldBits,
          },
  }
}
