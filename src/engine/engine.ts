import type { ListQuery, Revocade, Stats } from '../api.js'
import { RevocadeError } from '../errors.js'
import { readOptions, type RevocadeOptions, type Settings } from '../options.js'
import type { Prefilter, RevocationStore, StoredRow, StoreInfo } from '../ports/index.js'
import { createPrefilter } from '../prefilter/create.js'
import { prepareRedis, type RedisLayer } from '../redis/redis-layer.js'
import { SqliteStore } from '../store/sqlite/index.js'
import { TokenDigester } from '../token/identify.js'
import { keyFromSecret } from '../token/secret.js'
import { asRecord, oneOfOption, rejectUnknownKeys } from '../validate.js'
import { ExactLookup } from './exact-lookup.js'
import { Lease } from './lease.js'
import { LivePrefilter, type LivePrefilterOptions } from './live-prefilter.js'
import { Lookup } from './lookup.js'
import { Mutations } from './revocation-request.js'
import { Revoke } from './revoke.js'
import { SnapshotFile } from './snapshot-file.js'
import { Sync } from './sync.js'
import { type Revocation, toRevocation } from './verdict.js'
import { VerdictCache } from './verdict-cache.js'

/** A revocation leaves the layers so long after its expiry and the clock tolerance: a clock that steps back finds it again. */
const GRACE_SECONDS = 3600
/** Rows of a listing read at a time. */
const LIST_PAGE = 256

/**
 * Opens the store and resolves once L0 is complete: never ready while anything is missing.
 *
 * Rejects with `ERR_CONFIG`, `ERR_STORE_UNAVAILABLE`, `ERR_STORE_MISMATCH` or `ERR_STORE_CORRUPT`.
 *
 * @example
 * await using revocade = await createRevocade({ store: './revocade.db' })
 * await revocade.revoke(claims)
 * await revocade.isRevoked(claims) // true
 */
export async function createRevocade(options?: RevocadeOptions): Promise<Revocade> {
  const settings = readOptions(options)
  const store = typeof settings.store === 'string' ? new SqliteStore(settings.store) : settings.store
  const { secret, namespace, exclusive, clock, logger } = settings
  // Before the store is touched: what is wrong with the options shows here.
  const key = secret === undefined ? undefined : keyFromSecret(secret)
  const prefilter = await createPrefilter(settings.prefilter)
  const { clockToleranceSeconds } = settings
  const purgeGraceSeconds = clockToleranceSeconds + GRACE_SECONDS
  const openL1 = settings.redis === undefined ? undefined : await prepareRedis(settings.redis, store)
  // A store that refuses to be opened is not ours to close: it may be another engine's.
  const info = await store.open({
    namespace,
    secret: key,
    exclusive,
    purgeGraceSeconds,
    clockToleranceSeconds,
    clock,
    logger,
    buckets: openL1 !== undefined,
  })
  const l1 = openL1?.({ storeId: info.id, namespace, logger, clock })
  try {
    await l1?.start()
    return await startEngine(settings, store, info, prefilter, purgeGraceSeconds, l1)
  } catch (error) {
    await l1?.close()
    await store.close()
    throw error
  }
}

/** Fills L0 from the snapshot or the store, follows the store, and hands out the bound methods. */
async function startEngine(
  settings: Settings,
  store: RevocationStore,
  info: StoreInfo,
  prefilter: Prefilter,
  graceSeconds: number,
  l1: RedisLayer | undefined,
): Promise<Revocade> {
  const {
    namespace,
    idClaims,
    maxTokenBytes,
    clock,
    logger,
    maxStalenessMs,
    exclusive,
    clockToleranceSeconds,
  } = settings
  const digester = new TokenDigester({ key: info.key, namespace, idClaims, maxTokenBytes })
  const l0Options: LivePrefilterOptions = {
    prefilter: settings.prefilter,
    selectors: settings.selectors,
    graceSeconds,
    clock,
    logger,
  }
  // Without a filter every check asks the store, and there is nothing to keep up to date.
  const filtering = settings.prefilter.kind !== 'none'
  const snapshot =
    filtering && settings.snapshot
      ? SnapshotFile.beside(store, info, { ...settings, graceSeconds })
      : undefined
  const restored = await snapshot?.load()
  const l0 = new LivePrefilter(l0Options, digester, restored?.prefilter ?? prefilter, restored?.state)
  const position = restored?.position ?? (filtering ? await l0.rebuild(store) : { seq: 0, epoch: '' })

  const lease = new Lease(clock, exclusive ? Infinity : maxStalenessMs)
  const cache = new VerdictCache(settings.cacheEntries)
  const checkpoint = (why: 'rebuilt' | 'swept'): void => {
    void (why === 'rebuilt' ? snapshot?.save(l0, sync.position) : snapshot?.saveIfStale(l0, sync.position))
  }
  const sync: Sync = new Sync(
    {
      store,
      l0,
      cache,
      lease,
      versions: l1?.versions,
      clock,
      logger,
      maxStalenessMs,
      exclusive,
      graceSeconds,
      checkpoint,
    },
    position,
  )
  if (filtering) {
    await sync.start()
    sync.keepPolling()
  } else {
    await sync.loadVersions()
  }
  if (restored === undefined) checkpoint('rebuilt')

  const lookup = new Lookup({
    digester,
    l0,
    lease,
    sync,
    clock,
    clockToleranceSeconds,
    closerLook: new ExactLookup(cache, store, l1?.prefixCache, settings.redis?.reads),
    onUnknown: settings.onUnknown,
  })
  const mutations = new Mutations({
    digester,
    clock,
    idClaims,
    selectors: new Set(settings.selectors.map((names) => JSON.stringify(names))),
    maxTokenLifetimeSeconds: settings.maxTokenLifetimeSeconds,
  })
  const writer = new Revoke({
    digester,
    mutations,
    l0,
    sync,
    store,
    prefixCache: l1?.prefixCache,
    notifier: l1?.notifier,
    clock,
    clockToleranceSeconds,
    stalenessMs: exclusive ? 0 : maxStalenessMs,
  })

  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      try {
        await sync.stop()
        await snapshot?.save(l0, sync.position)
      } finally {
        await l1?.close()
        await store.close()
      }
    })())
  /** Guards a call that takes arguments: one place that says "closed". */
  const open =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      closing === undefined ? call(...args) : Promise.reject(closedError())

  const engine: Revocade = {
    // Needs no guard: a closed engine has no lease and gets none, so nothing is clear any more.
    isClearlyActive: (token) => lookup.isClearlyActive(token),
    isRevoked: (token, options) =>
      closing === undefined ? lookup.isRevoked(token, options) : Promise.reject(closedError()),
    check: open((token, options) => lookup.check(token, options)),
    revoke: open((token, options) => writer.revoke(token, options)),
    revokeWhere: open((selector, options) => writer.revokeWhere(selector, options)),
    revokeMany: open((entries, options) => writer.revokeMany(entries, options)),
    unrevoke: open((token) => writer.unrevoke(token)),
    unrevokeWhere: open((selector) => writer.unrevokeWhere(selector)),
    list: (query) => list(store, settings, () => closing !== undefined, query),
    stats: () => stats(settings, { lookup, l0, lease, cache, store, l1 }),
    close,
    [Symbol.asyncDispose]: close,
  }
  // Last, when the engine is whole. What is announced before that is in the poll that ended the start.
  l1?.notifier.listen({ onWake: (seq) => sync.hurry(seq), engineStats: () => engine.stats() })
  return engine
}

async function* list(
  store: RevocationStore,
  settings: Settings,
  closed: () => boolean,
  query: ListQuery = {},
): AsyncGenerator<Revocation, void, void> {
  const given = asRecord(query, 'query')
  rejectUnknownKeys(given, ['kind', 'includeExpired', 'afterSeq', 'limit'], 'key')
  if (query.kind !== undefined) oneOfOption(query.kind, 'kind', ['token', 'selector'], 'token')
  const now = Math.floor(settings.clock.now() / 1000)
  const liveAfter = query.includeExpired === true ? undefined : now - settings.clockToleranceSeconds
  let left = wholeNumber(query.limit, 'limit') ?? Infinity
  let afterSeq = wholeNumber(query.afterSeq, 'afterSeq') ?? 0
  while (left > 0) {
    if (closed()) throw closedError()
    const limit = Math.min(LIST_PAGE, left)
    // A local store answers at once: checks must not wait for the end of a long listing.
    if (afterSeq > 0) await new Promise((resolve) => setImmediate(resolve))
    const page: readonly StoredRow[] = await store.list({
      afterSeq,
      limit,
      ...(liveAfter === undefined ? {} : { liveAfter }),
      ...(query.kind === undefined ? {} : { kind: query.kind }),
    })
    for (const row of page) {
      if (!row.revoked) continue
      yield toRevocation(row)
      left--
    }
    if (page.length < limit) return
    afterSeq = page[page.length - 1].seq
  }
}

function wholeNumber(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new RevocadeError('ERR_CONFIG', `query key '${name}' must be a whole number, 0 or more`)
}

interface Parts {
  readonly lookup: Lookup
  readonly l0: LivePrefilter
  readonly lease: Lease
  readonly cache: VerdictCache
  readonly store: RevocationStore
  readonly l1: RedisLayer | undefined
}

function stats(settings: Settings, { lookup, l0, lease, cache, store, l1 }: Parts): Stats {
  const { kind, entries, bytes, capacity, expectedFalsePositiveRate } = l0.prefilter
  const absent = lookup.decided.prefilter + lookup.falsePositives
  return {
    prefilter: {
      kind,
      entries,
      bytes,
      capacity,
      expectedFalsePositiveRate,
      measuredFalsePositiveRate: absent === 0 ? null : lookup.falsePositives / absent,
      rebuilds: l0.rebuilds,
    },
    decided: { ...lookup.decided },
    lease: { live: lease.isLive(), ageMs: lease.ageMs(), maxStalenessMs: settings.maxStalenessMs },
    cache: { entries: cache.size, capacity: cache.capacity },
    selectors: { live: l0.liveSelectors.map(({ names }) => names), notHonoured: l0.notHonoured },
    store: store.stats(),
    redis: l1?.stats() ?? null,
  }
}

function closedError(): RevocadeError {
  return new RevocadeError('ERR_CLOSED', 'this engine was closed: make a new one with createRevocade()')
}
