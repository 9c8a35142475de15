import type { UnknownPolicy } from './api.js'
import { systemClock } from './engine/system-clock.js'
import type { Clock } from './ports/clock.js'
import type { Logger, PrefilterKind, RevocationStore } from './ports/index.js'
import type { RedisClient } from './redis/connection/client.js'
import { readRedisOptions, type RedisOptions, type RedisSettings } from './redis/options.js'
import { storeFactory } from './store/resolve.js'
import {
  asRecord,
  booleanOption,
  integerOption,
  numberOption,
  oneOfOption,
  optionError,
  rejectUnknownKeys,
} from './validate.js'

/** L0's kind and size. */
export interface PrefilterChoice {
  /** Default 'bloom'. 'none' keeps nothing in memory: every check asks the store (scripts, command lines). */
  readonly kind?: PrefilterKind | undefined
  /** bloom, bloom-filters: the share of not revoked tokens that may need a closer look. 1e-9 … 0.5, default 1e-4. */
  readonly falsePositiveRate?: number | undefined
  /** What to size for; it grows past it by itself. Default 100,000. */
  readonly expectedRevocations?: number | undefined
  /** trie: how many leading bits tell two entries apart. 8 … 40, default 32. */
  readonly prefixBits?: number | undefined
}

/** Options of `createRevocade` and `configure`. Unknown ones are refused with `ERR_CONFIG`. */
export interface RevocadeOptions {
  /** The durable store: a path (SQLite), or a {@link RevocationStore}, which the engine opens and closes. Default './revocade.db'. */
  readonly store?: string | RevocationStore | undefined
  /**
   * L1, which makes questions to the store rarer and lets engines hear of each other's changes at once: a URL, an ioredis client
   * (used, never closed), or {@link RedisOptions}. Needs the package ioredis, unless a client is given. Default: none.
   */
  readonly redis?: string | RedisClient | RedisOptions | null | undefined
  /** L0. Default `{ kind: 'bloom' }`. */
  readonly prefilter?: PrefilterChoice | undefined
  /** Selectors to honour besides the token's identity; an array inside is several claims together. Default ['sid', 'sub']. */
  readonly claims?: readonly (string | readonly string[])[] | undefined
  /** The first of these claims that a token has names it. Default ['jti']. */
  readonly idClaims?: readonly string[] | undefined
  /** Δ, in milliseconds: no check that starts later than this after a commit elsewhere misses it. 0 asks the store's version on every check. 0 … 3,600,000, default 1000. */
  readonly maxStalenessMs?: number | undefined
  /** This process alone owns the SQLite file; others are refused. No lease is needed then. Default false. */
  readonly exclusive?: boolean | undefined
  /** Where nothing can decide: 'throw' (default), 'revoked' or 'active'. */
  readonly onUnknown?: UnknownPolicy | undefined
  /** How long a selector revocation lives past `issuedBefore` when no `expiresAt` is given: your longest token life, in seconds. */
  readonly maxTokenLifetimeSeconds?: number | undefined
  /** Verifiers' tolerance for `exp`: revocations are honoured so much longer. Seconds, 0 … 86,400, default 60. */
  readonly clockToleranceSeconds?: number | undefined
  /** Tenants that must never see each other. Default 'default'. */
  readonly namespace?: string | undefined
  /** Digest key, 16 bytes or more; generated and kept in the store when absent. */
  readonly secret?: string | Uint8Array | undefined
  /** Longer tokens are refused with `ERR_INVALID_TOKEN`. Bytes, 256 … 65,536, default 16,384. */
  readonly maxTokenBytes?: number | undefined
  /** Entries of the verdict cache. 0 … 10,000,000, default 10,000. */
  readonly cacheEntries?: number | undefined
  /** Keep a snapshot of L0 beside the store for a fast start. Default true. */
  readonly snapshot?: boolean | undefined
  /** pino-shaped; silent by default. */
  readonly logger?: Logger | undefined
  /** For tests: time that you set. */
  readonly clock?: Clock | undefined
}

/** The options with their defaults, checked and frozen. */
export interface Settings {
  readonly store: string | RevocationStore
  readonly redis: RedisSettings | undefined
  readonly prefilter: PrefilterChoice & { readonly kind: PrefilterKind }
  readonly selectors: readonly (readonly string[])[]
  readonly idClaims: readonly string[]
  readonly maxStalenessMs: number
  readonly exclusive: boolean
  readonly onUnknown: UnknownPolicy
  readonly maxTokenLifetimeSeconds: number | undefined
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
  'clockToleranceSeconds',
  'namespace',
  'secret',
  'maxTokenBytes',
  'cacheEntries',
  'snapshot',
  'logger',
  'clock',
]

/** The wall clock may be set back by this much without a live revocation going missing. */
const CLOCK_SETBACK_SECONDS = 3600

const nothing = (): void => {}
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** Checks options and fills in the defaults. Throws `ERR_CONFIG`, which names the option and what it accepts. */
export function readOptions(options: RevocadeOptions = {}): Settings {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, OPTION_NAMES, 'option')
  const idClaims = options.idClaims === undefined ? ['jti'] : names(options.idClaims, 'idClaims')
  const clockToleranceSeconds = numberOption(
    options.clockToleranceSeconds,
    'clockToleranceSeconds',
    0,
    86_400,
    60,
  )
  return Object.freeze({
    store: storeOption(options.store),
    redis:
      options.redis === undefined || options.redis === null ? undefined : readRedisOptions(options.redis),
    prefilter: prefilterOption(options.prefilter),
    selectors: selectorsOption(options.claims),
    idClaims,
    maxStalenessMs: numberOption(options.maxStalenessMs, 'maxStalenessMs', 0, 3_600_000, 1000),
    exclusive: booleanOption(options.exclusive, 'exclusive', false),
    onUnknown: oneOfOption(options.onUnknown, 'onUnknown', ['throw', 'revoked', 'active'] as const, 'throw'),
    maxTokenLifetimeSeconds:
      options.maxTokenLifetimeSeconds === undefined
        ? undefined
        : numberOption(options.maxTokenLifetimeSeconds, 'maxTokenLifetimeSeconds', 1, 10 * 366 * 86_400, 0),
    clockToleranceSeconds,
    graceSeconds: clockToleranceSeconds + CLOCK_SETBACK_SECONDS,
    namespace: namespaceOption(options.namespace),
    secret: secretOption(options.secret),
    maxTokenBytes: numberOption(options.maxTokenBytes, 'maxTokenBytes', 256, 65_536, 16_384),
    cacheEntries: integerOption(options.cacheEntries, 'cacheEntries', 0, 10_000_000, 10_000),
    snapshot: booleanOption(options.snapshot, 'snapshot', true),
    logger: loggerOption(options.logger),
    clock: clockOption(options.clock),
  })
}

function storeOption(store: unknown): string | RevocationStore {
  if (store === undefined) return './revocade.db'
  if (typeof store === 'string' && store !== '') {
    storeFactory(store)
    return store
  }
  if (isStore(store)) return store
  throw optionError('store', 'must be a file path or a RevocationStore')
}

function isStore(value: unknown): value is RevocationStore {
  if (typeof value !== 'object' || value === null) return false
  const methods = new Map<string, unknown>(
    ['open', 'get', 'poll', 'scan', 'write', 'list', 'stats', 'close'].map((name) => [
      name,
      Reflect.get(value, name),
    ]),
  )
  return [...methods.values()].every((method) => typeof method === 'function')
}

function prefilterOption(choice: unknown): Settings['prefilter'] {
  if (choice === undefined) return { kind: 'bloom' }
  const { kind, ...rest } = asRecord(choice, "option 'prefilter'")
  // createPrefilter checks the rest: each kind knows what it accepts.
  return {
    ...rest,
    kind: oneOfOption(
      kind,
      'prefilter.kind',
      ['bloom', 'trie', 'exact', 'bloom-filters', 'none'] as const,
      'bloom',
    ),
  }
}

function selectorsOption(claims: unknown): readonly (readonly string[])[] {
  if (claims === undefined) return [['sid'], ['sub']]
  if (!Array.isArray(claims))
    throw optionError(
      'claims',
      "must be an array of claim names, such as ['sid', 'sub', ['sub', 'client_id']]",
    )
  const shapes = claims.map((entry: unknown) =>
    names(typeof entry === 'string' ? [entry] : entry, 'claims').toSorted(),
  )
  const keys = new Set(shapes.map((shape) => JSON.stringify(shape)))
  if (keys.size !== shapes.length) throw optionError('claims', 'names the same selector twice')
  return shapes
}

function names(value: unknown, option: string): readonly string[] {
  const valid =
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name !== '')
  if (!valid) throw optionError(option, 'must hold claim names: non-empty strings')
  const list = value.map(String)
  if (new Set(list).size !== list.length) throw optionError(option, 'names a claim twice')
  return list
}

function namespaceOption(namespace: unknown): string {
  if (namespace === undefined) return 'default'
  if (
    typeof namespace === 'string' &&
    namespace !== '' &&
    namespace.length <= 255 &&
    namespace.isWellFormed()
  )
    return namespace
  throw optionError('namespace', 'must be a string of 1 to 255 characters')
}

function secretOption(secret: unknown): string | Uint8Array | undefined {
  if (secret === undefined || typeof secret === 'string' || secret instanceof Uint8Array) return secret
  throw optionError('secret', 'must be a string or bytes')
}

function loggerOption(logger: unknown): Logger {
  if (logger === undefined) return silent
  if (isLogger(logger)) return logger
  throw optionError('logger', 'must have the methods debug, info, warn and error')
}

function isLogger(value: unknown): value is Logger {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['debug', 'info', 'warn', 'error'].every((name) => typeof Reflect.get(value, name) === 'function')
  )
}

function clockOption(clock: unknown): Clock {
  if (clock === undefined) return systemClock
  if (isClock(clock)) return clock
  throw optionError('clock', 'must have the methods now and monotonic')
}

function isClock(value: unknown): value is Clock {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['now', 'monotonic'].every((name) => typeof Reflect.get(value, name) === 'function')
  )
}
