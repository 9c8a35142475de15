export type {
  BulkReceipt,
  CheckOptions,
  ListQuery,
  Receipt,
  Revocade,
  RevocationInput,
  RevokeManyOptions,
  RevokeOptions,
  RevokeWhereOptions,
  Selector,
  Stats,
  Time,
  Token,
  TokenClaims,
  UnknownPolicy,
} from './api.js'
export { createRevocade } from './create-revocade.js'
export { configure, defaultRevocade, isRevoked, revoke } from './default-engine.js'
export type { DecidedBy, Revocation, Verdict, VerdictStatus } from './engine/verdict.js'
export { ERROR_STATUS, RevocadeError, type RevocadeErrorCode } from './errors.js'
export type { PrefilterChoice, RevocadeOptions } from './options.js'
// What options and results name. A store author imports the other interfaces from `revocade/ports`.
export type {
  Clock,
  Digest,
  Logger,
  Prefilter,
  PrefilterKind,
  RedisStats,
  RedisWarning,
  RevocationStore,
  StoredRow,
  StoreStats,
  Target,
} from './ports/index.js'
export type { RedisClient } from './redis/connection/client.js'
export type { RedisOptions as RedisLayerOptions } from './redis/options.js'
