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
export type { Clock } from './ports/clock.js'
export { configure, defaultRevocade, isRevoked, revoke } from './default-engine.js'
export { createRevocade } from './create-revocade.js'
export { ERROR_STATUS, RevocadeError, type RevocadeErrorCode } from './errors.js'
export type { PrefilterChoice, RevocadeOptions } from './options.js'
export type * from './ports/index.js'
export type { RedisClient } from './redis/connection/client.js'
export type { RedisOptions as RedisLayerOptions } from './redis/options.js'
export type { RedisStats, RedisWarning } from './ports/prefix-cache.js'
export type { DecidedBy, Revocation, Verdict, VerdictStatus } from './engine/verdict.js'
