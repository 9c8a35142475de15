import type { UnknownPolicy } from './api.js'
import { type ClaimsEntry, claimsOption, idClaimsOption } from './claims-option.js'
import {
  clockOption,
  DEFAULT_STORE,
  loggerOption,
  namespaceOption,
  prefilterOption,
  secretOption,
  storeOption,
} from './option-values.js'
import type { Clock, Logger, RevocationStore } from './ports/index.js'
import type { RedisClient } from './redis/connection/client.js'
import { readRedisOptions, type RedisOptions } from './redis/options.js'
import type { PrefilterChoice, Settings } from './settings.js'
import {
  asRecord,
  booleanOption,
  integerOption,
  numberOption,
  oneOfOption,
  rejectUnknownKeys,
} from './validate.js'

export type { PrefilterChoice, Settings } from './settings.js'

/** The selectors that an engine honours, and `--claims` of the command line, when nothing else is said. */
export const DEFAULT_CLAIMS = ['sid', 'sub']

/** The claims that name a token, when nothing else is said. */
export const DEFAULT_ID_CLAIMS = ['jti']

/** The longest token that an engine takes by default, in bytes. */
export const DEFAULT_MAX_TOKEN_BYTES = 16_384

/** How long past its expiry a revocation is honoured, when nothing else is said. */
export const DEFAULT_CLOCK_TOLERANCE_SECONDS = 60

/** The largest `maxTokenLifetimeSeconds`: ten years. */
const MAX_TOKEN_LIFETIME_SECONDS = 10 * 366 * 86_400

/** Options of `createRevocade` and `configure`. An unknown one is refused with `ERR_CONFIG`. */
export interface RevocadeOptions {
  /**
   * The durable store: the path of an SQLite file, the URL of a PostgreSQL database or of a Redis, or a
   * {@link RevocationStore}, which the engine opens and closes. A Redis promises less, see
   * docs/redis-store.md. `undefined` is refused with `ERR_CONFIG`: most likely an environment variable is
   * not set.
   *
   * @default './revocade.db'
   */
  readonly store?: string | RevocationStore | undefined
  /**
   * The prefix cache: it spares reads of the store, and wakes the other engines of the store after a commit.
   * A URL, an ioredis client (used, never closed), or {@link RedisOptions}. Without a client, it needs the
   * package ioredis.
   *
   * @default none
   */
  readonly redis?: string | RedisClient | RedisOptions | null | undefined
  /**
   * Kind and size of the prefilter.
   *
   * @default { kind: 'bloom' }
   */
  readonly prefilter?: PrefilterChoice | undefined
  /**
   * Selectors to honour besides the token's identity. An array inside names several claims that must all
   * match. A name that begins with `/` is a JSON Pointer to a nested claim: `/realm_access/roles`. The form
   * `{ claims: ['sub'], issuedAt: 'auth_time' }` compares `issuedBefore` with another claim than `iat`.
   *
   * @default ['sid', 'sub']
   */
  readonly claims?: readonly ClaimsEntry[] | undefined
  /**
   * Claims that can name a token: the first that a token has is its name.
   *
   * @default ['jti']
   */
  readonly idClaims?: readonly string[] | undefined
  /**
   * Milliseconds, 0 to 3,600,000. A check that starts later than this after another engine's commit takes the
   * commit into account. 0 asks the store's version on every check.
   *
   * @default 1000
   */
  readonly maxStalenessMs?: number | undefined
  /**
   * This process alone owns the SQLite file, and others are refused. Then no lease is needed.
   *
   * @default false
   */
  readonly exclusive?: boolean | undefined
  /**
   * The answer when nothing can decide: throw `ERR_UNAVAILABLE`, or take the token as revoked or active.
   *
   * @default 'throw'
   */
  readonly onUnknown?: UnknownPolicy | undefined
  /**
   * The longest life of your tokens, in seconds, 1 to 316,224,000 (ten years). A selector is kept for this
   * long past its `issuedBefore`, or until its `expiresAt`: the later of the two. Without this option, a
   * selector needs an `expiresAt`.
   */
  readonly maxTokenLifetimeSeconds?: number | undefined
  /**
   * Seconds, 0 to 600, by which the clock of the issuer may be ahead of this machine's. A selector that is
   * revoked without `issuedBefore` is revoked for tokens issued up to this much later.
   *
   * @default 0
   */
  readonly issuerClockAheadSeconds?: number | undefined
  /**
   * The tolerance for `exp` of your verifiers, in seconds, 0 to 86,400: a revocation is honoured for this
   * long past its expiry.
   *
   * @default 60
   */
  readonly clockToleranceSeconds?: number | undefined
  /**
   * Name of a tenant, 1 to 255 characters. Namespaces of one store never see each other's revocations.
   *
   * @default 'default'
   */
  readonly namespace?: string | undefined
  /**
   * The digest key: at least 16 bytes.
   *
   * @default a random key, generated once and kept in the store
   */
  readonly secret?: string | Uint8Array | undefined
  /**
   * Bytes, 256 to 65,536. A longer token is refused with `ERR_INVALID_TOKEN`.
   *
   * @default 16_384
   */
  readonly maxTokenBytes?: number | undefined
  /**
   * Number of entries in the verdict cache, 0 to 10,000,000. 0 turns it off.
   *
   * @default 10_000
   */
  readonly cacheEntries?: number | undefined
  /**
   * Keeps a snapshot of the prefilter beside the store, for a fast start.
   *
   * @default true
   */
  readonly snapshot?: boolean | undefined
  /**
   * A pino-shaped logger.
   *
   * @default silent
   */
  readonly logger?: Logger | undefined
  /**
   * Time for tests, which they set themselves. While it throws or answers no time, checks ask the store, and
   * what needs the time is `unknown` or rejected.
   *
   * @default the machine's clocks
   */
  readonly clock?: Clock | undefined
}

const OPTION_NAMES = [
  'store',
  'redis',
  'prefilter',
  'claims',
  'idClaims',
  'maxStalenessMs',
  'exclusive',
  'onUnknown',
  'maxTokenLifetimeSeconds',
  'issuerClockAheadSeconds',
  'clockToleranceSeconds',
  'namespace',
  'secret',
  'maxTokenBytes',
  'cacheEntries',
  'snapshot',
  'logger',
  'clock',
]

/** A wall clock that is set back by up to this makes no live revocation go missing. */
const CLOCK_SETBACK_SECONDS = 3600

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid; the message names the option and
 *   what it accepts, and never repeats the value
 */
export function readOptions(options: RevocadeOptions = {}): Settings {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, OPTION_NAMES, 'option')
  const clockToleranceSeconds = numberOption(
    given.clockToleranceSeconds,
    'clockToleranceSeconds',
    [0, 86_400],
    DEFAULT_CLOCK_TOLERANCE_SECONDS,
  )
  return Object.freeze({
    store: 'store' in given ? storeOption(given.store) : DEFAULT_STORE,
    redis: given.redis === undefined || given.redis === null ? undefined : readRedisOptions(given.redis),
    prefilter: prefilterOption(given.prefilter),
    ...claimsOption(given.claims === undefined ? DEFAULT_CLAIMS : given.claims),
    idClaims: idClaimsOption(given.idClaims === undefined ? DEFAULT_ID_CLAIMS : given.idClaims),
    maxStalenessMs: numberOption(given.maxStalenessMs, 'maxStalenessMs', [0, 3_600_000], 1000),
    exclusive: booleanOption(given.exclusive, 'exclusive', false),
    onUnknown: oneOfOption(given.onUnknown, 'onUnknown', ['throw', 'revoked', 'active'], 'throw'),
    maxTokenLifetimeSeconds: numberOption(
      given.maxTokenLifetimeSeconds,
      'maxTokenLifetimeSeconds',
      [1, MAX_TOKEN_LIFETIME_SECONDS],
      undefined,
    ),
    issuerClockAheadSeconds: numberOption(
      given.issuerClockAheadSeconds,
      'issuerClockAheadSeconds',
      [0, 600],
      0,
    ),
    clockToleranceSeconds,
    graceSeconds: clockToleranceSeconds + CLOCK_SETBACK_SECONDS,
    namespace: namespaceOption(given.namespace),
    secret: secretOption(given.secret),
    maxTokenBytes: numberOption(given.maxTokenBytes, 'maxTokenBytes', [256, 65_536], DEFAULT_MAX_TOKEN_BYTES),
    cacheEntries: integerOption(given.cacheEntries, 'cacheEntries', [0, 10_000_000], 10_000),
    snapshot: booleanOption(given.snapshot, 'snapshot', true),
    logger: loggerOption(given.logger),
    clock: clockOption(given.clock),
  })
}
