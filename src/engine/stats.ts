import type { Stats } from '../api.js'
import type { RevocationStore } from '../ports/index.js'
import type { RedisStats } from '../ports/prefix-cache.js'
import type { Layers } from './build-layers.js'

/** What the statistics are read from. */
export interface StatsParts {
  readonly layers: Layers
  readonly store: RevocationStore
  readonly redis: { stats(): RedisStats } | undefined
  /** Δ in milliseconds. */
  readonly maxStalenessMs: number
}

/** The engine's statistics at this moment. Throws when the store can't be read. */
export function engineStats({ layers, store, redis, maxStalenessMs }: StatsParts): Stats {
  const { lookup, live, lease, cache, sync, own } = layers
  const { kind, entries, bytes, capacity, expectedFalsePositiveRate } = live.prefilter
  const notRevoked = lookup.decided.prefilter + lookup.falsePositives
  return {
    prefilter: {
      kind,
      entries,
      bytes,
      capacity,
      expectedFalsePositiveRate,
      measuredFalsePositiveRate: notRevoked === 0 ? null : lookup.falsePositives / notRevoked,
      rebuilds: live.rebuilds,
    },
    decided: { ...lookup.decided },
    lease: { live: lease.isLive(), ageMs: lease.ageMs(), maxStalenessMs },
    history: { divergences: sync.divergences, ...own.counts },
    cache: { entries: cache.size, capacity: cache.capacity },
    selectors: { live: live.liveSelectors.map(({ names }) => names), notHonoured: live.notHonoured },
    store: store.stats(),
    redis: redis?.stats() ?? null,
  }
}
