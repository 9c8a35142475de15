import type { DecidedBy } from '../../engine/verdict.js'
import type { EngineStats } from '../../redis/inspect/engine-stats-message.js'

/** The layers that decide, in the order in which they are asked. */
export const LAYERS = [
  'prefilter',
  'cache',
  'redis',
  'store',
  'policy',
] as const satisfies readonly DecidedBy[]

/** A number for each layer: counts, or shares. */
export type ByLayer = Readonly<Record<DecidedBy, number>>

/** Computes a number for each layer. */
export function byLayer(value: (layer: DecidedBy) => number): ByLayer {
  return {
    prefilter: value('prefilter'),
    cache: value('cache'),
    redis: value('redis'),
    store: value('store'),
    policy: value('policy'),
  }
}

/** The sum over all layers. */
export function sumOf(counts: ByLayer): number {
  return LAYERS.reduce((sum, layer) => sum + counts[layer], 0)
}

/** Adds up counts, layer by layer. */
export function addUp(all: readonly ByLayer[]): ByLayer {
  return byLayer((layer) => all.reduce((sum, counts) => sum + counts[layer], 0))
}

/** The share of each layer in the sum; null if the sum is 0. */
export function sharesOf(counts: ByLayer): ByLayer | null {
  const sum = sumOf(counts)
  return sum === 0 ? null : byLayer((layer) => counts[layer] / sum)
}

/** The false-positive rate over all engines, weighted by how many unrevoked tokens each was asked about. */
export function measuredTogether(
  engines: readonly Pick<EngineStats, 'decided' | 'prefilter'>[],
): number | null {
  let absent = 0
  let falsePositives = 0
  for (const { decided, prefilter } of engines) {
    const { measuredFalsePositiveRate: measured } = prefilter
    if (measured === null || measured >= 1) continue
    // An engine reports only its rate. The number of false positives follows from it.
    const missed = (decided.prefilter * measured) / (1 - measured)
    absent += decided.prefilter + missed
    falsePositives += missed
  }
  return absent === 0 ? null : falsePositives / absent
}
