import { fitOf } from '../../tuning/choose.js'
import type { Prediction } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'
import type { Measured } from './measure.js'
import { optionsText } from './notes.js'

/**
 * The recommendation for programs, as docs/cli.md describes it: bytes, nanoseconds, shares,
 * and `null` where there is none.
 */
export function documentOf(recommendation: Recommendation, measured: readonly Measured[]): object {
  const { traffic, population, costs, layer, bestRate, prefixBits, predictions, choice } = recommendation
  const { redisRttUs = null, memoryBytes = null, storeReadsPerDay = null } = traffic
  const { chosen, fits, reasons } = choice
  const options = { prefilter: chosen.candidate.prefilter }
  const built = measured.map(({ prediction, ...rest }) => ({ name: prediction.candidate.name, ...rest }))
  return {
    traffic: { ...traffic, redisRttUs, memoryBytes, storeReadsPerDay },
    population,
    costs,
    redisLayer: layer ?? null,
    optimum: {
      falsePositiveRate: bestRate.store,
      falsePositiveRateWithRedis: bestRate.redis ?? null,
      prefixCacheBits: prefixBits ?? null,
    },
    candidates: predictions.map((prediction) => ({ ...flat(prediction), fits: fitOf(prediction, traffic) })),
    choice: { ...flat(chosen), fits, reasons, options, code: optionsText(recommendation) },
    measured: built.length === 0 ? null : built,
  }
}

function flat({ candidate, ...figures }: Prediction): object {
  const { name, prefilter, redis, entries, bitsPerRevocation, falsePositiveRate } = candidate
  return { name, prefilter, redis, entries, bitsPerRevocation, falsePositiveRate, ...figures }
}
