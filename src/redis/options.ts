import type { PrefixCacheReads } from '../ports/prefix-cache.js'
import { asRecord, numberOption, oneOfOption, optionError, rejectUnknownKeys } from '../validate.js'
import { isRedisClient, type RedisClient } from './connection/client.js'
import {
  CONNECTION_FIELD_NAMES,
  type ConnectionFieldName,
  isPlainObject,
  readConnectionFields,
  textOption,
} from './connection/connection-fields.js'
import { type ConnectionFields, type RedisTarget, targetOf } from './connection/endpoint.js'
import { parseRedisUrl } from './connection/url.js'

/**
 * Options of the prefix cache in Redis, for what a URL can't express. Give the place of the server in one of
 * these ways: `url`; `client`; `host` and `port`; `path`; `sentinels` and `name`; `nodes`. A `url` may be
 * completed by `username`, `password`, `sentinelPassword` and `tls`, so that it holds no secret.
 */
export interface RedisOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. The README lists the forms for
   * Sentinel, clusters and sockets.
   */
  readonly url?: string | undefined
  /**
   * An ioredis client (5.4 or newer) or `Cluster`. It sends the commands and is never closed. A duplicate of
   * it receives messages.
   */
  readonly client?: RedisClient | undefined
  /**
   * Longest wait for a reply, in milliseconds, from 1 to 10,000. After it the store answers.
   *
   * @default 50
   */
  readonly timeoutMs?: number | undefined
  /**
   * When Redis is asked about a token that the prefilter can't rule out.
   *
   * - 'before-store': before the store, which is not read if Redis proves that there is no entry
   * - 'when-store-fails': only if the store can't be read. It suits a store on a local disk, where a read
   *   takes less time than a round trip to Redis
   *
   * @default 'before-store'
   */
  readonly reads?: PrefixCacheReads | undefined
  /**
   * Start of the names of all keys and channels: 1 to 64 characters without white space and braces.
   *
   * @default 'revocade'
   */
  readonly keyPrefix?: string | undefined
  /** @default 'localhost' */
  readonly host?: string | undefined
  /** @default 6379 */
  readonly port?: number | undefined
  /**
   * Number of the database.
   *
   * @default 0
   */
  readonly db?: number | undefined
  /** A user of the server's access control list. It needs a `password`. */
  readonly username?: string | undefined
  /** Password of the user, or of the server if there is no `username`. */
  readonly password?: string | undefined
  /** Path of a Unix socket. */
  readonly path?: string | undefined
  /** `true`, or options of `tls.connect` such as `ca` and `servername`. */
  readonly tls?: boolean | object | undefined
  /** The Sentinels, as `{ host, port }` or `'host:port'`. The default port is 26379. */
  readonly sentinels?:
    readonly (string | { readonly host: string; readonly port?: number | undefined })[] | undefined
  /** The name by which the Sentinels know the master. */
  readonly name?: string | undefined
  /** Password of the Sentinels. */
  readonly sentinelPassword?: string | undefined
  /** Some nodes of a cluster, as `{ host, port }` or `'host:port'`. The default port is 6379. */
  readonly nodes?:
    readonly (string | { readonly host: string; readonly port?: number | undefined })[] | undefined
}

/** The checked options, frozen and with their defaults. */
export interface RedisSettings {
  readonly target: RedisTarget | { readonly kind: 'client'; readonly client: RedisClient }
  readonly timeoutMs: number
  readonly reads: PrefixCacheReads
  readonly keyPrefix: string
}

/** Fields that may complete a `url`: secrets, and TLS options, which no URL can express. */
const BESIDE_A_URL: readonly ConnectionFieldName[] = ['username', 'password', 'sentinelPassword', 'tls']
/** Fields that name a server by themselves. */
const PLACES: readonly ConnectionFieldName[] = ['host', 'port', 'path', 'sentinels', 'nodes']

/**
 * Reads the option `redis`: a URL, an ioredis client, or {@link RedisOptions}.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is not valid. The message never holds a secret
 */
export function readRedisOptions(value: unknown): RedisSettings {
  if (typeof value === 'string') return readRedisOptions({ url: value })
  if (isRedisClient(value)) return readRedisOptions({ client: value })
  if (!isPlainObject(value))
    throw optionError('redis', 'must be a URL, an ioredis client (5.4 or newer) or an object of options')
  const given = asRecord(value, "option 'redis'")
  rejectUnknownKeys(
    given,
    ['url', 'client', 'timeoutMs', 'reads', 'keyPrefix', ...CONNECTION_FIELD_NAMES],
    'redis option',
  )
  return Object.freeze({
    target: targetOption(given),
    timeoutMs: numberOption(given.timeoutMs, 'redis.timeoutMs', [1, 10_000], 50),
    reads: oneOfOption(given.reads, 'redis.reads', ['before-store', 'when-store-fails'], 'before-store'),
    keyPrefix: keyPrefixOption(given.keyPrefix),
  })
}

function targetOption(given: Record<string, unknown>): RedisSettings['target'] {
  const names = CONNECTION_FIELD_NAMES.filter((name) => given[name] !== undefined)
  const { client, url } = given
  if (client !== undefined) {
    if (!isRedisClient(client)) throw optionError('redis.client', 'must be an ioredis client, 5.4 or newer')
    assertUsable(client)
    const stray = url === undefined ? names.at(0) : 'url'
    if (stray !== undefined)
      throw optionError(
        `redis.${stray}`,
        'does not go with a client, which has its own options: leave it out',
      )
    return Object.freeze({ kind: 'client', client })
  }
  const fields = readConnectionFields(given, names)
  if (url !== undefined) return targetOf({ ...urlFields(url, names, given.tls), ...fields })
  if (names.some((name) => PLACES.includes(name))) return targetOf(fields)
  throw optionError(
    'redis',
    'must say where the server is: url, client, host, path, sentinels and name, or nodes',
  )
}

/** With these options ioredis sends other commands than it was told to, or none. */
function assertUsable({ options }: RedisClient): void {
  if (options?.enableAutoPipelining === true)
    throw optionError(
      'redis.client',
      'has enableAutoPipelining, with which ioredis garbles callBuffer(): ' +
        'give one without it, such as client.duplicate({ enableAutoPipelining: false }), or a URL',
    )
  if (options?.monitor === true)
    throw optionError('redis.client', 'has the option monitor, so it sends no commands: give another client')
}

function urlFields(url: unknown, beside: readonly ConnectionFieldName[], tls: unknown): ConnectionFields {
  const fields = parseRedisUrl(textOption(url, 'redis.url'))
  for (const name of beside) {
    if (!BESIDE_A_URL.includes(name))
      throw optionError(`redis.${name}`, 'does not go with a url: write it into the url')
    // TLS options complete rediss://, while any other field would contradict or repeat the URL.
    if (name !== 'tls' && fields[name] !== undefined)
      throw optionError(`redis.${name}`, 'is in the url already')
  }
  if (tls === false && fields.tls !== undefined)
    throw optionError('redis.tls', 'is false, but the url begins with rediss:')
  return fields
}

function keyPrefixOption(value: unknown): string {
  if (value === undefined) return 'revocade'
  // Redis takes the first pair of braces as the hash tag. Braces here would hide the tag of the key.
  if (typeof value === 'string' && /^[^\s\p{Cc}\p{Cs}{}]{1,64}$/u.test(value)) return value
  throw optionError(
    'redis.keyPrefix',
    'must be a string of 1 to 64 characters without white space and braces',
  )
}
