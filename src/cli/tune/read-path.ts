import { buildLayers } from '../../engine/build-layers.js'
import type { LivePrefilter } from '../../engine/live-prefilter.js'
import type { Lookup } from '../../engine/lookup.js'
import type { Sync } from '../../engine/sync.js'
import { readOptions } from '../../options.js'
import type { Prefilter } from '../../ports/index.js'
import { TokenDigester } from '../../token/identify.js'
import { POSITION, SimulatedLayers, type SimulatedTimes } from './simulated-layers.js'

const KEY = new Uint8Array(16).fill(7)
/** Longer than any run, so that nothing is polled. Each check reads the lease all the same. */
const LEASE_MS = 3_600_000

/**
 * The engine's own read path over a given prefilter, with a simulated prefix cache and store. The
 * prefilter's false positives and all work in the process are real.
 */
export class ReadPath {
  readonly lookup: Lookup
  readonly live: LivePrefilter
  readonly behind: SimulatedLayers
  readonly #sync: Sync

  private constructor(prefilter: Prefilter, times: SimulatedTimes, cacheEntries: number) {
    this.behind = new SimulatedLayers(times)
    const settings = readOptions({
      prefilter: { kind: prefilter.kind },
      maxStalenessMs: LEASE_MS,
      cacheEntries,
    })
    const shared = { prefixCache: this.behind.prefixCache() }
    const store = this.behind.store()
    const { lookup, live, sync } = buildLayers(settings, { store, key: KEY, prefilter, shared })
    this.lookup = lookup
    this.live = live
    this.#sync = sync
  }

  /** A read path that has started. `cacheEntries`: of the verdict cache. */
  static async open(prefilter: Prefilter, times: SimulatedTimes, cacheEntries: number): Promise<ReadPath> {
    const path = new ReadPath(prefilter, times, cacheEntries)
    await path.#sync.start(POSITION)
    return path
  }

  /** Makes the digests that the checks look for: use it to fill the prefilter. */
  static digester(): TokenDigester {
    return new TokenDigester({
      key: KEY,
      namespace: 'default',
      idClaims: ['jti'],
      maxTokenBytes: 16_384,
    })
  }

  /** Stops it. */
  close(): Promise<void> {
    return this.#sync.stop()
  }
}
