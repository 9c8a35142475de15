import type { BucketVersionTable } from '../buckets/version-table.js'
import type { Clock } from '../ports/clock.js'
import type { ChangeTeller } from './change-listener.js'
import type { Lease } from './lease.js'
import type { OwnWrites } from './own-writes.js'
import type { SweeperDeps } from './sweeper.js'
import type { VerdictCache } from './verdict-cache.js'

/** What `Sync` needs. */
export interface SyncDeps extends SweeperDeps {
  readonly cache: VerdictCache
  readonly lease: Lease
  readonly own: OwnWrites
  readonly marks: ChangeTeller
  /** The versions that buckets in the prefix cache must have; undefined without a prefix cache. */
  readonly versions?: BucketVersionTable | undefined
  readonly clock: Clock
  readonly maxStalenessMs: number // Δ
  readonly exclusive: boolean
}
