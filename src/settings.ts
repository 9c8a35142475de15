import type { UnknownPolicy } from './api.js'
import type { HonouredSelectors } from './claims-option.js'
import type { Clock, Logger, PrefilterKind, RevocationStore } from './ports/index.js'
import type { PrefilterOptions } from './prefilter/create.js'
import type { RedisSettings } from './redis/options.js'

/** Kind and size of the prefilter. */
export interface PrefilterChoice extends Omit<PrefilterOptions, 'kind'> {
  /**
   * The data structure. `none` keeps nothing in memory, so that every check asks the store: it is for
   * scripts.
   *
   * @default 'bloom'
   */
  readonly kind?: PrefilterKind | undefined
}

/** The options with their defaults, checked and frozen. */
export interface Settings extends HonouredSelectors {
  readonly store: string | RevocationStore
  readonly redis: RedisSettings | undefined
  readonly prefilter: PrefilterChoice & { readonly kind: PrefilterKind }
  readonly idClaims: readonly string[]
  readonly maxStalenessMs: number
  readonly exclusive: boolean
  readonly onUnknown: UnknownPolicy
  readonly maxTokenLifetimeSeconds: number | undefined
  readonly issuerClockAheadSeconds: number
  readonly clockToleranceSeconds: number
  /** How long past its expiry a revocation stays in the prefilter and the store. */
  readonly graceSeconds: number
  readonly namespace: string
  readonly secret: string | Uint8Array | undefined
  readonly maxTokenBytes: number
  readonly cacheEntries: number
  readonly snapshot: boolean
  readonly logger: Logger
  readonly clock: Clock
}
