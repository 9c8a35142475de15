import './require-node.js'

export type {
  BulkReceipt,
  CheckOptions,
  ListQuery,
  Receipt,
  RegisteredClaims,
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
  UnrevokeOptions,
} from './api.js'
export type { ClaimsEntry, SelectorOption } from './claims-option.js'
export { createRevocade } from './create-revocade.js'
export { configure, defaultRevocade, isRevoked, revoke } from './default-engine.js'
export type { CheckMessage, WriteMessage, WriteOperation } from './diagnostics.js'
export type { DecidedBy, Revocation, Verdict, VerdictStatus } from './engine/verdict.js'
export { ERROR_STATUS, RevocadeError, type RevocadeErrorCode } from './errors.js'
export type { PrefilterChoice, RevocadeOptions } from './options.js'
// `revocade/ports` exports these and the other ports. They stay here for code written for 0.1.0.
export type {
  AllBucketVersions,
  BucketEntry,
  BucketRead,
  BucketSource,
  BucketVersion,
  BucketVersions,
  Change,
  Clock,
  Committed,
  DecidingRow,
  Digest,
  Logger,
  MaybePromise,
  Mutation,
  Poll,
  Position,
  Prefilter,
  PrefilterKind,
  RedisStats,
  RedisWarning,
  RevocationStore,
  ScanChunk,
  ScanEnd,
  StoreContext,
  StoredRow,
  StoreInfo,
  StoreQuery,
  StoreStats,
  Target,
  Written,
} from './ports/index.js'
export type { RedisClient } from './redis/connection/client.js'
export type { RedisOptions as RedisLayerOptions } from './redis/options.js'
