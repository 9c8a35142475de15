import { setImmediate as nextTurn } from 'node:timers/promises'
import { buildLayers } from '../../engine/build-layers.js'
import type { Lookup } from '../../engine/lookup.js'
import { readOptions } from '../../options.js'
import type { Poll, Prefilter, RevocationStore, StoredRow } from '../../ports/index.js'
import { isPromise } from '../../ports/is-promise.js'
import type { PrefixCache } from '../../ports/prefix-cache.js'
import type { TokenDigester } from '../../token/identify.js'

/** The layers behind the prefilter. They are simulated: they hold nothing and answer as told. */
export interface Behind {
  /** Nanoseconds of a read of the store. */
  readonly storeReadNs: number
  /** A read of a real store, which takes its own time instead; its answer does not count. */
  readonly read?: (() => unknown) | undefined
  /** Nanoseconds of a round trip to Redis. Undefined: there is no Redis. */
  readonly redisRttNs?: number | undefined
  /** Whether they call a token revoked. */
  revoked: boolean
  /** They answer at once, whatever the times above. */
  instant: boolean
  storeReads: number
}

/** The engine's own read path over a given prefilter, with simulated layers behind it. */
export interface ReadPath extends AsyncDisposable {
  readonly lookup: Lookup
  /** Makes the digests that the checks look for: use it to fill the prefilter. */
  readonly digester: TokenDigester
  readonly behind: Behind
}

/** Entries of the verdict cache: few, so that few tokens give the hit rate that the traffic would have. */
export const CACHE_ENTRIES = 512
/** Longer than any run, so that nothing is polled. Each check reads the lease all the same. */
const LEASE_MS = 3_600_000
const POSITION = { seq: 1, epoch: 'synthetic' }
/** NumericDate seconds, past the end of any run. */
const EXPIRES_AT = 4_000_000_000
const TARGET = { kind: 'id', claim: 'jti', id: 'synthetic' } as const
const ROW: StoredRow = { seq: 1, target: TARGET, revoked: true, expiresAt: EXPIRES_AT, revokedAt: 0 }
/** A wait for Redis ends with reads of the clock: about a turn of the event loop, in milliseconds. */
const SPIN_MS = 0.02

/** A read path that has started. */
export async function openReadPath(
  prefilter: Prefilter,
  times: Pick<Behind, 'storeReadNs' | 'read' | 'redisRttNs'>,
): Promise<ReadPath> {
  const behind: Behind = { ...times, revoked: false, instant: false, storeReads: 0 }
  const { kind } = prefilter
  const given = { prefilter: { kind }, maxStalenessMs: LEASE_MS, cacheEntries: CACHE_ENTRIES }
  const { lookup, digester, sync } = buildLayers(readOptions(given), {
    store: simulatedStore(behind),
    key: new Uint8Array(16).fill(7),
    prefilter,
    shared: { prefixCache: simulatedPrefixCache(behind) },
  })
  await sync.start(POSITION)
  return { lookup, digester, behind, [Symbol.asyncDispose]: () => sync.stop() }
}

function simulatedStore(behind: Behind): RevocationStore {
  const poll: Poll = { status: 'ok', changes: [], position: POSITION, more: false }
  return {
    kind: 'synthetic',
    open: notAsked,
    scan: notAsked,
    write: notAsked,
    list: notAsked,
    get: () => {
      behind.storeReads++
      const row = behind.revoked ? ROW : undefined
      if (behind.instant) return row
      if (behind.read === undefined) {
        spinUntil(performance.now() + behind.storeReadNs / 1e6)
        return row
      }
      const read = behind.read()
      return isPromise(read) ? read.then(() => row) : row
    },
    poll: () => poll,
    stats: () => ({ ...POSITION, kind: 'synthetic', id: 'synthetic' }),
    close: () => Promise.resolve(),
  }
}

function simulatedPrefixCache(behind: Behind): PrefixCache | undefined {
  const { redisRttNs } = behind
  if (redisRttNs === undefined) return undefined
  return {
    lookup: async () => {
      if (!behind.instant) await wait(redisRttNs / 1e6)
      return { bucket: 0, bits: 0, version: null, entry: behind.revoked ? { expiresAt: EXPIRES_AT } : null }
    },
    isCurrent: () => true,
    repair: () => undefined,
    write: () => Promise.resolve('written'),
    stats: notAsked,
    close: () => Promise.resolve(),
  }
}

function notAsked(): never {
  throw new Error('not part of a check')
}

/** Waits while the event loop turns, as during a request. Timers are too coarse: they count milliseconds. */
async function wait(ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() + SPIN_MS < end) await nextTurn()
  spinUntil(end)
}

function spinUntil(end: number): void {
  while (performance.now() < end);
}
