import type { DecidedBy } from '../../engine/verdict.js'
import type { EngineStats } from '../../redis/inspect/engine-stats-message.js'

/** The layers that decide, from the first that is asked to the last. */
export const LAYERS = [
  'prefilter',
  'cache',
  'redis',
  'store',
  'policy',
] as const satisfies readonly DecidedBy[]

/** Something by layer: counts, or shares. */
export type ByLayer = Readonly<Record<DecidedBy, number>>

export function byLayer(value: (layer: DecidedBy) => number): ByLayer {
  return {
    prefilter: value('prefilter'),
    cache: value('cache'),
    redis: value('redis'),
    store: value('store'),
    policy: value('policy'),
  }
}

export function sumOf(counts: ByLayer): number {
  return LAYERS.reduce((sum, layer) => sum + counts[layer], 0)
}

export function addUp(all: readonly ByLayer[]): ByLayer {
  return byLayer((layer) => all.reduce((sum, counts) => sum + counts[layer], 0))
}

/** Null where there is nothing to share. */
export function sharesOf(counts: ByLayer): ByLayer | null {
  const sum = sumOf(counts)
  return sum === 0 ? null : byLayer((layer) => counts[layer] / sum)
}

/** The false-positive rate of several L0 together, each by the number of tokens that were not revoked. */
export function measuredTogether(
  engines: readonly Pick<EngineStats, 'decided' | 'prefilter'>[],
): number | null {
  let absent = 0
  let falsePositives = 0
  for (const { decided, prefilter } of engines) {
    const { measuredFalsePositiveRate: measured } = prefilter
    if (measured === null || measured >= 1) continue
    // An engine tells the rate alone; of what L0 let through it is this many.
    const missed = (decided.prefilter * measured) / (1 - measured)
    absent += decided.prefilter + missed
    falsePositives += missed
  }
  return absent === 0 ? null : falsePositives / absent
}
