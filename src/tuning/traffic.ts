/** What has to be known of a service to choose its layers. All figures are of one process, except that revocations are the store's. */
export interface Traffic {
  /** Revocations alive: neither expired nor taken back. Whole, 1 to {@link MOST_REVOCATIONS}. */
  readonly revocations: number
  readonly checksPerSecond: number
  /** Of the checks, the share whose token is revoked: 0 to 1. */
  readonly revokedShare: number
  /** How long a token lives, from its issue to its `exp`, in seconds. */
  readonly tokenLifeSeconds: number
  /** From a command to its reply, the client's own work included, in microseconds. Undefined: there is no Redis. */
  readonly redisRttUs?: number | undefined
  /** Most bytes the prefilter may take in each process. Undefined: no limit. */
  readonly memoryBytes?: number | undefined
  /** False positives that may reach the store in a day. Undefined: any number. */
  readonly storeReadsPerDay?: number | undefined
  /** Entries of the verdict cache, the engine's option `cacheEntries`. */
  readonly cacheEntries?: number | undefined
}

export const MOST_REVOCATIONS = 400_000_000
export const SECONDS_PER_DAY = 86_400

/** The engine's defaults; a test holds them equal to what its source says. */
export const ENGINE = {
  /** Layers and store keep what has expired so long: the grace of an hour and the default `clockToleranceSeconds`. */
  keptSeconds: 3660,
  /** A filter that is made anew has room for so many times what was alive then. */
  headroom: 2,
  /** It is made anew once this share of its entries has expired, and more than `rebuildMinimum`. */
  rebuildShare: 0.25,
  rebuildMinimum: 1024,
  cacheEntries: 10_000,
} as const

/** How many entries the layers hold when revocations come and go evenly. */
export interface Population {
  /** New revocations a second. */
  readonly perSecond: number
  /** Rows of the store that count: what is alive, and what expired less than `keptSeconds` ago. */
  readonly kept: number
  /** Entries the prefilter is sized for: the value for the option `expectedRevocations`. */
  readonly capacity: number
  /** Entries the prefilter holds at its fullest, just before it is rebuilt. */
  readonly fullest: number
}

/**
 * In the steady state. A token is revoked at any moment of its life alike, so a revocation lives half a token's life on average
 * and, by Little's law (L = λW), N alive means N / (T/2) new ones a second. What has expired stays for the grace: with tokens of
 * fifteen minutes, that is most of what the prefilter holds.
 */
export function population({
  revocations,
  tokenLifeSeconds,
}: Pick<Traffic, 'revocations' | 'tokenLifeSeconds'>): Population {
  const perSecond = revocations / (tokenLifeSeconds / 2)
  const kept = Math.ceil(revocations + perSecond * ENGINE.keptSeconds)
  const capacity = roundUp(Math.max(1024, kept * ENGINE.headroom))
  const expired = Math.max(ENGINE.rebuildMinimum, (kept * ENGINE.rebuildShare) / (1 - ENGINE.rebuildShare))
  return { perSecond, kept, capacity, fullest: Math.min(capacity, Math.ceil(kept + expired)) }
}

/** The live revocations of an engine whose prefilter holds `kept` entries: the inverse of {@link population}. */
export function revocationsOf(kept: number, tokenLifeSeconds: number): number {
  return Math.max(1, Math.round(kept / (1 + (2 * ENGINE.keptSeconds) / tokenLifeSeconds)))
}

/** Two digits are as good as any estimate of traffic, and easier to paste. */
function roundUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1)
  return Math.ceil(value / unit) * unit
}

/**
 * The share of checks of revoked tokens that the verdict cache answers, if they are spread evenly over all revoked tokens, which
 * is the worst case for an LRU cache of fewer entries. A check can be answered if it is not the token's first (checks of one
 * token are Poisson, with as many expected in its revocation's life as its share of the traffic says) and if the answer is still there.
 */
export function cacheShare(traffic: Traffic): number {
  const {
    revocations,
    checksPerSecond,
    revokedShare,
    tokenLifeSeconds,
    cacheEntries = ENGINE.cacheEntries,
  } = traffic
  const checksOfOne = (checksPerSecond * revokedShare * tokenLifeSeconds) / 2 / revocations
  const firsts = checksOfOne < 1e-6 ? 1 : (1 - Math.exp(-checksOfOne)) / checksOfOne
  return Math.min(1, cacheEntries / revocations) * (1 - firsts)
}
