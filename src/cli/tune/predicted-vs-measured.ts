import type { Prediction } from '../../tuning/predict.js'
import { SECONDS_PER_DAY, type Traffic } from '../../tuning/traffic.js'
import { quantile, type Timing } from './timing.js'

/** A prediction and what was measured are one if neither is more than this times the other. */
export const AGREEMENT = 1.5

/** Fewer false positives than these say nothing of a rate. */
const FEWEST_POSITIVES = 10

export type FigureName =
  'memory' | 'falsePositiveRate' | 'leavesProcess' | 'meanNs' | 'p99Ns' | 'falseStoreReadsPerDay'

/** A prediction beside what was measured. */
export interface Figure {
  readonly name: FigureName
  readonly predicted: number
  /** Null: not measured. */
  readonly measured: number | null
  /** Measured ÷ predicted; null where there is nothing to compare. */
  readonly ratio: number | null
  /** Null: neither way. */
  readonly within: boolean | null
  /** Why it was not measured, or what to know about it. */
  readonly note?: string
}

export interface Observed {
  readonly prediction: Prediction
  readonly traffic: Traffic
  readonly bytes: number
  readonly rate: { readonly positives: number; readonly probes: number }
  readonly active: Timing
  readonly revoked: Timing
  /** Of the checks of revoked tokens, the share that left the process. */
  readonly revokedLeaving: number
}

/** All figures of one candidate. */
export function compare({
  prediction,
  traffic,
  bytes,
  rate,
  active,
  revoked,
  revokedLeaving,
}: Observed): Figure[] {
  const { revokedShare, checksPerSecond } = traffic
  const { candidate } = prediction
  const share = rate.positives / rate.probes
  // Of a filter that makes no mistakes, any number of probes without one is an answer.
  const tooRare =
    candidate.falsePositiveRate > 0 &&
    candidate.falsePositiveRate * rate.probes < FEWEST_POSITIVES &&
    rate.positives < 2 * FEWEST_POSITIVES
  const rare = `${rate.positives} in ${rate.probes.toExponential(1)} probes: too few to tell`
  const leaving =
    (1 - revokedShare) * (tooRare ? candidate.falsePositiveRate : share) + revokedShare * revokedLeaving
  return [
    figure('memory', prediction.memoryBytes, bytes),
    tooRare
      ? unmeasured('falsePositiveRate', candidate.falsePositiveRate, rare)
      : figure('falsePositiveRate', candidate.falsePositiveRate, share),
    figure('leavesProcess', prediction.leavesProcess, leaving),
    figure('meanNs', prediction.meanNs, (1 - revokedShare) * active.mean + revokedShare * revoked.mean),
    onStep(
      prediction.leavesProcess,
      figure(
        'p99Ns',
        prediction.p99Ns,
        mixedQuantile(
          [
            { share: 1 - revokedShare, singles: active.singles },
            { share: revokedShare, singles: revoked.singles },
          ],
          0.99,
        ),
      ),
    ),
    candidate.redis
      ? unmeasured(
          'falseStoreReadsPerDay',
          prediction.falseStoreReadsPerDay,
          'no Redis was asked: it is stood in for',
        )
      : tooRare
        ? unmeasured('falseStoreReadsPerDay', prediction.falseStoreReadsPerDay, rare)
        : figure(
            'falseStoreReadsPerDay',
            prediction.falseStoreReadsPerDay,
            share * (1 - revokedShare) * checksPerSecond * SECONDS_PER_DAY,
          ),
  ]
}

function figure(name: FigureName, predicted: number, measured: number): Figure {
  if (predicted === 0 || measured === 0) {
    return { name, predicted, measured, ratio: null, within: predicted === measured }
  }
  const ratio = measured / predicted
  return { name, predicted, measured, ratio, within: ratio <= AGREEMENT && ratio >= 1 / AGREEMENT }
}

/** Where about one check in a hundred leaves the process, the 99th percentile is that of those that stay or of those that leave: a little decides. */
function onStep(leavesProcess: number, p99: Figure): Figure {
  return leavesProcess > 0.005 && leavesProcess < 0.02
    ? { ...p99, note: 'about 1 % of checks leave the process: p99 stands on the step' }
    : p99
}

function unmeasured(name: FigureName, predicted: number, note: string): Figure {
  return { name, predicted, measured: null, ratio: null, within: null, note }
}

/** A quantile of all checks, where each kind of check was timed by itself and makes up some share of them. */
export function mixedQuantile(
  parts: readonly { readonly share: number; readonly singles: Float64Array }[],
  p: number,
): number {
  const all = parts.flatMap(({ share, singles }) =>
    Array.from(singles, (ns) => ({ ns, weight: share / singles.length })),
  )
  all.sort((a, b) => a.ns - b.ns)
  let below = 0
  for (const { ns, weight } of all) {
    below += weight
    if (below >= p) return ns
  }
  return quantile(parts.at(-1)?.singles ?? new Float64Array(0), p)
}
