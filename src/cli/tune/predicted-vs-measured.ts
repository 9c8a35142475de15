import type { Prediction } from '../../tuning/predict.js'
import { SECONDS_PER_DAY, type Traffic } from '../../tuning/traffic.js'
import { bytes, chance, few, nanoseconds } from '../output/format-numbers.js'
import type { Timing } from './timing.js'

/** Prediction and measurement agree if neither is more than this many times the other. */
export const AGREEMENT = 1.5

/** Fewer expected false positives tell nothing of a rate. */
const FEWEST_POSITIVES = 10

/** What is predicted and measured: what it is called, and how it is printed. */
export const FIGURES = {
  memory: { about: 'memory', text: bytes },
  falsePositiveRate: { about: 'false positives', text: chance },
  leavesProcess: { about: 'share that leaves the process', text: chance },
  meanNs: { about: 'mean of a check', text: nanoseconds },
  p99Ns: { about: 'p99 of a check', text: nanoseconds },
  falseStoreReadsPerDay: { about: 'false reads a day', text: few },
} satisfies Record<string, { about: string; text: (value: number) => string }>

/** A prediction beside its measurement. */
export type Figure = Readonly<ReturnType<typeof figure>>

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
  const { candidate, leavesProcess, falseStoreReadsPerDay } = prediction
  const { revokedShare } = traffic
  const activeShare = 1 - revokedShare
  const rate = measuredRate(observed)
  const leaving = activeShare * (rate.share ?? candidate.falsePositiveRate) + revokedShare * revokedLeaving
  const mean = activeShare * active.mean + revokedShare * revoked.mean
  const kinds = [
    { share: activeShare, ...active },
    { share: revokedShare, ...revoked },
  ]
  const p99 = mixedQuantile(kinds, 0.99)
  // About 1 % of checks leave the process: it is then the time of either kind of check.
  const onStep = leavesProcess > 0.005 && leavesProcess < 0.02
  const stepNote = onStep ? 'about 1 % of checks leave the process: p99 stands on the step' : undefined
  const reads = candidate.redis ? { share: null, note: 'not measured: Redis was simulated' } : rate
  const activeADay = activeShare * traffic.checksPerSecond * SECONDS_PER_DAY
  const readsADay = reads.share === null ? null : reads.share * activeADay
  return [
    figure('memory', prediction.memoryBytes, bytes),
    figure('falsePositiveRate', candidate.falsePositiveRate, rate.share, rate.note),
    figure('leavesProcess', leavesProcess, leaving),
    figure('meanNs', prediction.meanNs, mean),
    figure('p99Ns', prediction.p99Ns, p99, stepNote),
    figure('falseStoreReadsPerDay', falseStoreReadsPerDay, readsADay, reads.note),
  ]
}

/** The share of false positives, or null and why there were too few probes for it. */
function measuredRate({ prediction, rate: { positives, probes } }: Observed) {
  const expected = prediction.candidate.falsePositiveRate * probes
  // An exact set expects none, which any number of probes can refute. So do far too many positives elsewhere.
  const isTooRare = expected > 0 && expected < FEWEST_POSITIVES && positives < 2 * FEWEST_POSITIVES
  if (!isTooRare) return { share: positives / probes, note: undefined }
  return { share: null, note: `${positives} in ${probes.toExponential(1)} probes: too few to tell` }
}

/** `measured`: null if it was not. `note`: why not, or what to know about it. */
function figure(name: keyof typeof FIGURES, predicted: number, measured: number | null, note?: string) {
  const ratio = measured === null || measured === 0 || predicted === 0 ? null : measured / predicted
  const agrees = ratio === null ? predicted === measured : Math.max(ratio, 1 / ratio) <= AGREEMENT
  const within = measured === null ? null : agrees
  return { name, predicted, measured, ...(note === undefined ? {} : { note }), ratio, within }
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
  return all.find(({ weight }) => (below += weight) >= p)?.ns ?? NaN
}
