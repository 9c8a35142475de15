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
    choice: {
      ...flat(choice.chosen),
      fits: choice.fits,
      reasons: choice.reasons,
      options: { prefilter: choice.chosen.candidate.prefilter },
      code: optionsText(recommendation),
    },
    measured:
      measured.length === 0
        ? null
        : measured.map(({ prediction, ...rest }) => ({ name: prediction.candidate.name, ...rest })),
  }
}

function flat({ candidate, ...figures }: Prediction): object {
  const { name, prefilter, redis, entries, bitsPerRevocation, falsePositiveRate } = candidate
  return { name, prefilter, redis, entries, bitsPerRevocation, falsePositiveRate, ...figures }
}
