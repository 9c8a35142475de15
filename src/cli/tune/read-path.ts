import { ExactLookup } from '../../engine/exact-lookup.js'
import { Lease } from '../../engine/lease.js'
import { LivePrefilter } from '../../engine/live-prefilter.js'
import { Lookup } from '../../engine/lookup.js'
import { Sync } from '../../engine/sync.js'
import { systemClock } from '../../engine/system-clock.js'
import { VerdictCache } from '../../engine/verdict-cache.js'
import type { Logger, Prefilter } from '../../ports/index.js'
import { TokenDigester } from '../../token/identify.js'
import { POSITION, StandIns, type StandInTimes } from './simulated-layers.js'

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
/** Longer than any run, so that nothing has to be polled. It is looked at all the same, in each check. */
const LEASE_MS = 3_600_000
const GRACE_SECONDS = 3660

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
    const digester = ReadPath.digester()
    const store = this.behind.store()
    const common = { clock: systemClock, logger: SILENT, graceSeconds: GRACE_SECONDS }
    this.l0 = new LivePrefilter(
      { ...common, prefilter: { kind: prefilter.kind }, selectors: [['sid'], ['sub']] },
      digester,
      prefilter,
    )
    const lease = new Lease(systemClock, LEASE_MS)
    const cache = new VerdictCache(cacheEntries)
    this.#sync = new Sync(
      {
        ...common,
        store,
        l0: this.l0,
        cache,
        lease,
        maxStalenessMs: LEASE_MS,
        exclusive: false,
        checkpoint: () => undefined,
      },
      POSITION,
    )
    this.lookup = new Lookup({
      digester,
      lease,
      l0: this.l0,
      sync: this.#sync,
      clock: systemClock,
      onUnknown: 'throw',
      clockToleranceSeconds: 60,
      closerLook: new ExactLookup(cache, store, this.behind.prefixCache()),
    })
  }

  static async open(prefilter: Prefilter, times: StandInTimes, cacheEntries: number): Promise<ReadPath> {
    const path = new ReadPath(prefilter, times, cacheEntries)
    await path.#sync.start()
    return path
  }

  /** Names tokens as its checks do: what is added to the filter must be what they look for. */
  static digester(): TokenDigester {
    return new TokenDigester({
      key: new Uint8Array(16).fill(7),
      namespace: 'default',
      idClaims: ['jti'],
      maxTokenBytes: 16_384,
    })
  }

  close(): Promise<void> {
    return this.#sync.stop()
  }
}
