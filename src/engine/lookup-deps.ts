import type { UnknownPolicy } from '../api.js'
import type { ClaimPath } from '../token/claim-path.js'
import type { PreparedShape, TokenDigester } from '../token/identify.js'
import type { ExactLookup } from './exact-lookup.js'
import type { Lease } from './lease.js'
import type { LivePrefilter } from './live-prefilter.js'
import type { Sync } from './sync.js'

/** What `Lookup` needs. */
export interface LookupDeps {
  readonly digester: TokenDigester
  readonly live: LivePrefilter
  readonly exactLookup: ExactLookup
  readonly lease: Lease
  readonly sync: Sync
  readonly clock: { now(): number }
  readonly onUnknown: UnknownPolicy
  /** Where the cutoff of a selector is not compared with `iat`: the claim that it is compared with. */
  readonly timeClaims: ReadonlyMap<PreparedShape, ClaimPath>
  readonly clockToleranceSeconds: number
}
