export type {
  BulkReceipt, CheckOptions, ListQuery, Receipt, Revocade, RevocationInput, RevokeManyOptions, RevokeOptions,
  RevokeWhereOptions, Selector, Stats, Time, Token, TokenClaims, UnknownPolicy,
} from './api.js'
export type { Clock } from './clock.js'
export { configure, defaultRevocade, isRevoked, revoke } from './default-engine.js'
export { createRevocade } from './engine.js'
export { ERROR_STATUS, RevocadeError, type RevocadeErrorCode } from './errors.js'
export type { PrefilterChoice, RevocadeOptions } from './options.js'
export type * from './ports.js'
export type { RedisClient } from './redis/client.js'
export type { RedisLayerOptions } from './redis/options.js'
export type { RedisStats, RedisWarning } from './prefix-cache.js'
export type { DecidedBy, Revocation, Verdict, VerdictStatus } from './verdict.js'
