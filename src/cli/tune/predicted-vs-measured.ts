import type { Prediction } from '../../tuning/predict.js'
import { SECONDS_PER_DAY, type Traffic } from '../../tuning/traffic.js'
import { quantile } from './statistics.js'
import type { Timing } from './timing.js'

/** Prediction and measurement agree if neither is more than this many times the other. */
export const AGREEMENT = 1.5

/** Fewer expected false positives tell nothing of a rate. */
const FEWEST_POSITIVES = 10

/** What is predicted and measured. */
export type FigureName =
  'memory' | 'falsePositiveRate' | 'leavesProcess' | 'meanNs' | 'p99Ns' | 'falseStoreReadsPerDay'

/** A prediction beside its measurement. */
export interface Figure {
  readonly name: FigureName
  readonly predicted: number
  /** Null: not measured. */
  readonly measured: number | null
  /** Measured ÷ predicted; null if either is 0 or missing. */
  readonly ratio: number | null
  /** Whether they agree; null if it was not measured. */
  readonly within: boolean | null
  /** Why it was not measured, or what to know about it. */
  readonly note?: string
}

/** What was observed of one candidate. */
export interface Observed {
  readonly prediction: Prediction
  readonly traffic: Traffic
  readonly bytes: number
  readonly rate: { readonly positives: number; readonly probes: number }
  readonly active: Timing
  readonly revoked: Timing
  /** Share of the checks of revoked tokens that left the process. */
  readonly revokedLeaving: number
}

/** Compares every figure of one candidate. */
export function compare(observed: Observed): Figure[] {
  const { prediction, traffic, bytes, active, revoked, revokedLeaving } = observed
  const { revokedShare, checksPerSecond } = traffic
  const { falsePositiveRate } = prediction.candidate
  const rate = measuredRate(observed)
  const leaving = (1 - revokedShare) * (rate.share ?? falsePositiveRate) + revokedShare * revokedLeaving
  const p99 = mixedQuantile(
    [
      { share: 1 - revokedShare, singles: active.singles },
      { share: revokedShare, singles: revoked.singles },
    ],
    0.99,
  )
  const reads = prediction.candidate.redis ? { share: null, note: 'not measured: Redis was simulated' } : rate
  const perDay = (1 - revokedShare) * checksPerSecond * SECONDS_PER_DAY
  return [
    figure('memory', prediction.memoryBytes, bytes),
    figure('falsePositiveRate', falsePositiveRate, rate.share, rate.note),
    figure('leavesProcess', prediction.leavesProcess, leaving),
    figure('meanNs', prediction.meanNs, (1 - revokedShare) * active.mean + revokedShare * revoked.mean),
    figure('p99Ns', prediction.p99Ns, p99, stepNote(prediction.leavesProcess)),
    figure(
      'falseStoreReadsPerDay',
      prediction.falseStoreReadsPerDay,
      reads.share === null ? null : reads.share * perDay,
      reads.note,
    ),
  ]
}

/** The share of false positives, or null and why there were too few probes for it. */
function measuredRate({ prediction, rate: { positives, probes } }: Observed): {
  readonly share: number | null
  readonly note?: string
} {
  const expected = prediction.candidate.falsePositiveRate * probes
  // An exact set expects none, which any number of probes can refute. So do far too many positives elsewhere.
  const isTooRare = expected > 0 && expected < FEWEST_POSITIVES && positives < 2 * FEWEST_POSITIVES
  if (!isTooRare) return { share: positives / probes }
  return { share: null, note: `${positives} in ${probes.toExponential(1)} probes: too few to tell` }
}

/**
 * A note for the p99 if about 1 % of checks leave the process: it is then the time of either kind of check.
 */
function stepNote(leavesProcess: number): string | undefined {
  if (leavesProcess <= 0.005 || leavesProcess >= 0.02) return undefined
  return 'about 1 % of checks leave the process: p99 stands on the step'
}

function figure(name: FigureName, predicted: number, measured: number | null, note?: string): Figure {
  const base = { name, predicted, measured, ...(note === undefined ? {} : { note }) }
  if (measured === null) return { ...base, ratio: null, within: null }
  if (predicted === 0 || measured === 0) return { ...base, ratio: null, within: predicted === measured }
  const ratio = measured / predicted
  return { ...base, ratio, within: ratio <= AGREEMENT && ratio >= 1 / AGREEMENT }
}

/** A quantile of all checks, if each kind of check was timed alone and is some share of them. */
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
