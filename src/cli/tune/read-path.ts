import { buildLayers } from '../../engine/build-layers.js'
import type { LivePrefilter } from '../../engine/live-prefilter.js'
import type { Lookup } from '../../engine/lookup.js'
import type { Sync } from '../../engine/sync.js'
import { readOptions } from '../../options.js'
import type { Prefilter } from '../../ports/index.js'
import { TokenDigester } from '../../token/identify.js'
import { POSITION, StandIns, type StandInTimes } from './simulated-layers.js'

const KEY = new Uint8Array(16).fill(7)
/** Longer than any run, so that nothing has to be polled. It is looked at all the same, in each check. */
const LEASE_MS = 3_600_000

/**
 * The engine's own read path over a filter that was filled by hand, with stand-ins for Redis and the store. So what L0 lets through, and all
 * that happens in the process, is real.
 */
export class ReadPath {
  readonly lookup: Lookup
  readonly l0: LivePrefilter
  readonly behind: StandIns
  readonly #sync: Sync

  private constructor(prefilter: Prefilter, times: StandInTimes, cacheEntries: number) {
    this.behind = new StandIns(times)
    const settings = readOptions({
      prefilter: { kind: prefilter.kind },
      maxStalenessMs: LEASE_MS,
      cacheEntries,
    })
    const shared = { prefixCache: this.behind.prefixCache() }
    const store = this.behind.store()
    const { lookup, live, sync } = buildLayers(settings, { store, key: KEY, prefilter, shared })
    this.lookup = lookup
    this.l0 = live
    this.#sync = sync
  }

  static async open(prefilter: Prefilter, times: StandInTimes, cacheEntries: number): Promise<ReadPath> {
    const path = new ReadPath(prefilter, times, cacheEntries)
    await path.#sync.start(POSITION)
    return path
  }

  /** Names tokens as its checks do: what is added to the filter must be what they look for. */
  static digester(): TokenDigester {
    return new TokenDigester({
      key: KEY,
      namespace: 'default',
      idClaims: ['jti'],
      maxTokenBytes: 16_384,
    })
  }

  close(): Promise<void> {
    return this.#sync.stop()
  }
}
