import type { BucketVersionTable } from '../buckets/version-table.js'
import type { Settings } from '../options.js'
import type { Position, Prefilter, RevocationStore } from '../ports/index.js'
import type { Notifier } from '../ports/notifier.js'
import type { PrefixCache } from '../ports/prefix-cache.js'
import { pathOf } from '../token/claim-path.js'
import { TokenDigester } from '../token/identify.js'
import { Commits } from './commits.js'
import { ExactLookup } from './exact-lookup.js'
import { Lease } from './lease.js'
import { LivePrefilter, type LivePrefilterState } from './live-prefilter.js'
import { type CacheOptions, LoadingCache, type LoadingCacheDeps } from './loading-cache.js'
import { Lookup } from './lookup.js'
import type { LookupDeps } from './lookup-deps.js'
import { Marks } from './marks.js'
import { OwnWrites } from './own-writes.js'
import { Mutations } from './revocation-request.js'
import { Revoke } from './revoke.js'
import { Sync } from './sync.js'
import { VerdictCache } from './verdict-cache.js'

/**
 * What the engines of one store share besides the store. Without any of it an engine is right, only slower.
 */
export interface SharedLayers {
  readonly prefixCache?: PrefixCache | undefined
  readonly notifier?: Notifier | undefined
  /** The versions that buckets in the prefix cache must have. */
  readonly versions?: BucketVersionTable | undefined
}

/** What the layers are built from. */
export interface LayerParts {
  /** Already open. */
  readonly store: RevocationStore
  /** The 16-byte digest key. */
  readonly key: Uint8Array
  readonly prefilter: Prefilter
  /** Of a prefilter that comes from a snapshot. */
  readonly prefilterState?: LivePrefilterState | undefined
  readonly shared?: SharedLayers | undefined
  /** Called when a snapshot of the prefilter may be worth taking: after a rebuild or a sweep. */
  readonly checkpoint?: (why: 'rebuilt' | 'swept', live: LivePrefilter, position: Position) => void
}

/** The layers of one engine, wired to each other. */
export interface Layers {
  readonly digester: TokenDigester
  readonly mutations: Mutations
  readonly live: LivePrefilter
  readonly lease: Lease
  readonly cache: VerdictCache
  readonly sync: Sync
  readonly own: OwnWrites
  readonly marks: Marks
  readonly lookup: Lookup
  readonly commits: Commits
  readonly writer: Revoke
  /** Selectors whose cutoff is compared with another claim than `iat`. */
  readonly timeClaims: LookupDeps['timeClaims']
  /** Makes a cache of what is loaded from elsewhere, which marks keep up to date. */
  readonly newCache: <T>(options: CacheOptions<T>) => LoadingCache<T>
}

/**
 * Builds the layers. It does no I/O and starts nothing: fill the prefilter, then call {@link Sync.start} with
 * the position that it holds.
 */
export function buildLayers(settings: Settings, parts: LayerParts): Layers {
  const { clock, logger, graceSeconds, clockToleranceSeconds, exclusive, maxStalenessMs } = settings
  const { store, key, prefilter, prefilterState, shared = {}, checkpoint } = parts
  const selectors = honoured(settings)
  const digester = new TokenDigester({ ...settings, key })
  const live = new LivePrefilter(
    { prefilter: settings.prefilter, selectors, clockToleranceSeconds, graceSeconds, clock, logger },
    digester,
    prefilter,
    prefilterState,
  )
  const lease = new Lease(clock, exclusive ? Infinity : maxStalenessMs)
  const cache = new VerdictCache(settings.cacheEntries)
  const own: OwnWrites = new OwnWrites({ clock, logger, write: (mutations) => writer.writeAgain(mutations) })
  const marks: Marks = new Marks({ digester, clock, store, commits: () => commits })
  const sync = new Sync({
    store,
    live,
    cache,
    lease,
    own,
    marks,
    versions: shared.versions,
    clock,
    logger,
    maxStalenessMs,
    exclusive,
    checkpoint: (why, position) => checkpoint?.(why, live, position),
  })
  const timeClaims = preparedTimeClaims(settings, digester)
  const lookup = new Lookup({
    digester,
    live,
    lease,
    sync,
    clock,
    clockToleranceSeconds,
    timeClaims,
    exactLookup: new ExactLookup(cache, store, shared.prefixCache, settings.redis?.reads),
    onUnknown: settings.onUnknown,
  })
  const mutations = mutationsFor(settings, digester, selectors)
  const commits = new Commits({
    live,
    sync,
    own,
    cache,
    store,
    prefixCache: shared.prefixCache,
    notifier: shared.notifier,
    clock,
    logger,
    stalenessMs: exclusive ? 0 : maxStalenessMs,
  })
  const writer = new Revoke({ digester, mutations, commits, own, store, clock, clockToleranceSeconds })
  const newCache = cacheMaker({ clock, maxStalenessMs, isFresh: () => lookup.isFresh() }, marks)
  const ways = { lookup, commits, writer, newCache }
  return { digester, mutations, live, lease, cache, sync, own, marks, timeClaims, ...ways }
}

const cacheMaker =
  (deps: Omit<LoadingCacheDeps<unknown>, keyof CacheOptions<unknown>>, marks: Marks) =>
  <T>(options: CacheOptions<T>): LoadingCache<T> => {
    const made = new LoadingCache<T>({ ...options, ...deps })
    marks.listen(made)
    return made
  }

function mutationsFor(
  settings: Settings,
  digester: TokenDigester,
  selectors: readonly (readonly string[])[],
): Mutations {
  return new Mutations({
    digester,
    clock: settings.clock,
    idClaims: settings.idClaims,
    selectors: new Set(selectors.map((names) => JSON.stringify(names))),
    maxTokenLifetimeSeconds: settings.maxTokenLifetimeSeconds,
    issuerClockAheadSeconds: settings.issuerClockAheadSeconds,
  })
}

/** The configured selectors, and one for each id claim: a revocation that names an id and no issuer. */
function honoured({ selectors, idClaims }: Settings): readonly (readonly string[])[] {
  const configured = new Set(selectors.map((names) => JSON.stringify(names)))
  const ids = idClaims.map((claim) => [claim]).filter((names) => !configured.has(JSON.stringify(names)))
  return [...selectors, ...ids]
}

function preparedTimeClaims({ timeClaims }: Settings, digester: TokenDigester): LookupDeps['timeClaims'] {
  return new Map(timeClaims.map(({ names, issuedAt }) => [digester.shape(names), pathOf(issuedAt)]))
}
