/**
 * The traffic of a service. All numbers are of one process, except that revocations are those of the store.
 */
export interface Traffic {
  /** Live revocations: neither expired nor taken back. Whole, 1 to {@link MOST_REVOCATIONS}. */
  readonly revocations: number
  readonly checksPerSecond: number
  /** Share of the checks whose token is revoked, 0 to 1. */
  readonly revokedShare: number
  /** How long a token lives, from its issue to its `exp`, in seconds. */
  readonly tokenLifeSeconds: number
  /**
   * From a command to its reply, the client's own work included, in microseconds. Undefined: there is no
   * Redis.
   */
  readonly redisRttUs?: number | undefined
  /** Most bytes the prefilter may take in each process. Undefined: no limit. */
  readonly memoryBytes?: number | undefined
  /** False positives that may reach the store in a day. Undefined: any number. */
  readonly storeReadsPerDay?: number | undefined
  /** Entries of the verdict cache, the engine's option `cacheEntries`. */
  readonly cacheEntries?: number | undefined
}

/** The largest number of live revocations. */
export const MOST_REVOCATIONS = 400_000_000
/** Seconds. */
export const SECONDS_PER_DAY = 86_400

/** The engine's constants and defaults; a test compares them with the engine. */
export const ENGINE = {
  /**
   * Seconds that expired revocations are kept: the grace of an hour and the default
   * `clockToleranceSeconds`.
   */
  keptSeconds: 3660,
  /** A rebuilt prefilter has room for this many times the entries that were live then. */
  headroom: 2,
  /** It is rebuilt once this share of its entries has expired, and more than `rebuildMinimum` of them. */
  rebuildShare: 0.25,
  rebuildMinimum: 1024,
  cacheEntries: 10_000,
} as const

/** How many entries the layers hold when revocations come and go evenly. */
export type Population = Readonly<ReturnType<typeof population>>

/**
 * The steady state. A token is revoked at any moment of its life with equal chance, so a revocation lives
 * half a token's life on average. By Little's law (L = λW), N live ones mean N / (T/2) new ones a second.
 * Expired ones stay for the grace: with tokens of fifteen minutes they are most of the entries.
 */
export function population(traffic: Pick<Traffic, 'revocations' | 'tokenLifeSeconds'>) {
  const { revocations, tokenLifeSeconds } = traffic
  /** New revocations a second. */
  const perSecond = revocations / (tokenLifeSeconds / 2)
  /** Rows in the store: live ones, and those that expired less than `keptSeconds` ago. */
  const kept = Math.ceil(revocations + perSecond * ENGINE.keptSeconds)
  /** Entries the prefilter is sized for: the value for the option `expectedRevocations`. */
  const capacity = roundUp(Math.max(1024, kept * ENGINE.headroom))
  const expired = Math.max(ENGINE.rebuildMinimum, (kept * ENGINE.rebuildShare) / (1 - ENGINE.rebuildShare))
  /** Entries the prefilter holds at its fullest, just before it is rebuilt. */
  const fullest = Math.min(capacity, Math.ceil(kept + expired))
  return { perSecond, kept, capacity, fullest }
}

/**
 * The live revocations of an engine whose prefilter holds `kept` entries: the inverse of {@link
 * population}.
 */
export function revocationsOf(kept: number, tokenLifeSeconds: number): number {
  return Math.max(1, Math.round(kept / (1 + (2 * ENGINE.keptSeconds) / tokenLifeSeconds)))
}

/** Rounds up to two digits: estimates of traffic are no better, and it is easier to read. */
function roundUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1)
  return Math.ceil(value / unit) * unit
}

/**
 * The share of checks of revoked tokens that the verdict cache answers. Checks are taken as evenly spread
 * over all revoked tokens, the worst case for an LRU cache of fewer entries. The cache answers a check that
 * is not the token's first and whose entry is not evicted. The number of checks of a token during its
 * revocation is taken as Poisson.
 */
export function cacheShare(traffic: Traffic): number {
  const { revocations, checksPerSecond, revokedShare, tokenLifeSeconds } = traffic
  const { cacheEntries = ENGINE.cacheEntries } = traffic
  const checksOfOne = (checksPerSecond * revokedShare * tokenLifeSeconds) / 2 / revocations
  const firsts = checksOfOne < 1e-6 ? 1 : (1 - Math.exp(-checksOfOne)) / checksOfOne
  return Math.min(1, cacheEntries / revocations) * (1 - firsts)
}
