import type { PrefixCacheReads } from '../ports/prefix-cache.js'
import { asRecord, numberOption, oneOfOption, optionError, rejectUnknownKeys } from '../validate.js'
import type { RedisClient } from './connection/client.js'
import {
  type ConnectionFields,
  DEFAULT_PORT,
  DEFAULT_SENTINEL_PORT,
  isHost,
  isMasterName,
  isPort,
  MAX_DB,
  parseAddress,
  type RedisAddress,
  type RedisTarget,
  targetOf,
} from './connection/endpoint.js'
import { fieldsOfUrl } from './connection/url.js'

/**
 * The Redis layer, where more is to be said than a URL can. Where the server is: `url`, or `client`, or
 * `host` and `port`, or `path`, or `sentinels` and `name`, or `nodes`. Beside a `url` there may be what
 * should not stand in one: `username`, `password`, `sentinelPassword`, `tls`.
 */
export interface RedisOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, `rediss://…`, Sentinel, cluster or socket: the README lists
   * the forms.
   */
  readonly url?: string | undefined
  /**
   * An ioredis client (5.4 or newer, also a `Cluster`). It is used for commands, duplicated for messages, and
   * never closed.
   */
  readonly client?: RedisClient | undefined
  /**
   * How long anything waits for a reply, in milliseconds: then the store is asked. 1 … 10,000, default 50.
   */
  readonly timeoutMs?: number | undefined
  /**
   * When Redis is asked about a token that the prefilter can't rule out. 'before-store': before the store,
   * which a proven absence spares a read. 'when-store-fails': only where the store can't be asked; better
   * with a store on a local disk, whose read takes less than a round trip. Default 'before-store'.
   */
  readonly reads?: PrefixCacheReads | undefined
  /** What the names of all keys and channels begin with. Default 'revocade'. */
  readonly keyPrefix?: string | undefined
  /** Default 'localhost'. */
  readonly host?: string | undefined
  /** Default 6379. */
  readonly port?: number | undefined
  /** The number of the database. Default 0. */
  readonly db?: number | undefined
  /** A user of the server's access control list; it needs a password. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Of a Unix socket. */
  readonly path?: string | undefined
  /** `true`, or options of `tls.connect` such as `ca` and `servername`. */
  readonly tls?: boolean | object | undefined
  /** `{ host, port }` or `'host:port'`; the port is 26379 where it is left out. */
  readonly sentinels?:
    readonly (string | { readonly host: string; readonly port?: number | undefined })[] | undefined
  /** What the Sentinels call the master. */
  readonly name?: string | undefined
  readonly sentinelPassword?: string | undefined
  /** Some nodes of a cluster: `{ host, port }` or `'host:port'`; the port is 6379 where it is left out. */
  readonly nodes?:
    readonly (string | { readonly host: string; readonly port?: number | undefined })[] | undefined
}

/** The options of the Redis layer with their defaults, checked and frozen. */
export interface RedisSettings {
  readonly target: RedisTarget | { readonly kind: 'client'; readonly client: RedisClient }
  readonly timeoutMs: number
  readonly reads: PrefixCacheReads
  readonly keyPrefix: string
}

const CONNECTION_FIELDS = [
  'host',
  'port',
  'db',
  'username',
  'password',
  'path',
  'tls',
  'sentinels',
  'name',
  'sentinelPassword',
  'nodes',
] as const
/** What may stand beside a `url`: secrets that are better kept out of one, and what no URL can say. */
const BESIDE_A_URL: readonly string[] = ['username', 'password', 'sentinelPassword', 'tls']
const MAX_TEXT = 4096

/**
 * Reads the option `redis`: a URL, an ioredis client, or {@link RedisOptions}. Throws `ERR_CONFIG`, which
 * never holds a secret.
 */
export function readRedisOptions(value: unknown): RedisSettings {
  if (typeof value === 'string') return readRedisOptions({ url: value })
  if (isRedisClient(value)) return readRedisOptions({ client: value })
  if (!isPlain(value))
    throw optionError('redis', 'must be a URL, an ioredis client (5.4 or newer) or an object of options')
  const given = asRecord(value, "option 'redis'")
  rejectUnknownKeys(
    given,
    ['url', 'client', 'timeoutMs', 'reads', 'keyPrefix', ...CONNECTION_FIELDS],
    'redis option',
  )
  return Object.freeze({
    target: targetOption(given),
    timeoutMs: numberOption(given.timeoutMs, 'redis.timeoutMs', [1, 10_000], 50),
    reads: oneOfOption(given.reads, 'redis.reads', ['before-store', 'when-store-fails'], 'before-store'),
    keyPrefix: keyPrefixOption(given.keyPrefix),
  })
}

/** Whether a value has what this package uses of an ioredis client. */
export function isRedisClient(value: unknown): value is RedisClient {
  if (typeof value !== 'object' || value === null || typeof Reflect.get(value, 'status') !== 'string')
    return false
  const methods = [
    'connect',
    'callBuffer',
    'duplicate',
    'subscribe',
    'on',
    'off',
    'listenerCount',
    'disconnect',
  ]
  return methods.every((name) => typeof Reflect.get(value, name) === 'function')
}

function targetOption(given: Record<string, unknown>): RedisSettings['target'] {
  const names = CONNECTION_FIELDS.filter((name) => given[name] !== undefined)
  const { client, url } = given
  if (client !== undefined) {
    if (!isRedisClient(client)) throw optionError('redis.client', 'must be an ioredis client, 5.4 or newer')
    const stray = url === undefined ? names.at(0) : 'url'
    if (stray !== undefined)
      throw optionError(`redis.${stray}`, 'does not go with a client, which is connected as it is')
    return Object.freeze({ kind: 'client', client })
  }
  const fields = connectionFields(given)
  if (url !== undefined) return targetOf({ ...urlFields(url, names), ...fields })
  if (names.some((name) => !BESIDE_A_URL.includes(name) && name !== 'db' && name !== 'name'))
    return targetOf(fields)
  throw optionError(
    'redis',
    'must say where the server is: url, client, host, path, sentinels and name, or nodes',
  )
}

function urlFields(url: unknown, beside: readonly (typeof CONNECTION_FIELDS)[number][]): ConnectionFields {
  const fields = fieldsOfUrl(text(url, 'redis.url'))
  for (const name of beside) {
    if (!BESIDE_A_URL.includes(name))
      throw optionError(`redis.${name}`, 'does not go with a url, which says it')
    // TLS options beside rediss:// say more of the same; anything else would be said twice.
    if (name !== 'tls' && fields[name] !== undefined)
      throw optionError(`redis.${name}`, 'is in the url already')
  }
  return fields
}

/**
 * The connection fields that are given, each checked by itself; what goes with what is {@link targetOf}'s to
 * say.
 */
function connectionFields(given: Record<string, unknown>): ConnectionFields {
  const { host, port, db, username, password, path, tls, sentinels, name, sentinelPassword, nodes } = given
  return {
    ...(host === undefined
      ? {}
      : {
          host: checked(
            text(host, 'redis.host'),
            isHost,
            'redis.host',
            'must be a host name or an IP address',
          ),
        }),
    ...(port === undefined ? {} : { port: portOption(port, 'redis.port') }),
    ...(db === undefined ? {} : { db: whole(db, 'redis.db', MAX_DB) }),
    ...(username === undefined ? {} : { username: text(username, 'redis.username') }),
    ...(password === undefined ? {} : { password: text(password, 'redis.password') }),
    ...(path === undefined ? {} : { path: text(path, 'redis.path') }),
    ...(tls === undefined ? {} : tlsOption(tls, given.url)),
    ...(sentinels === undefined
      ? {}
      : { sentinels: addressesOption(sentinels, 'redis.sentinels', DEFAULT_SENTINEL_PORT) }),
    ...(name === undefined
      ? {}
      : {
          name: checked(
            text(name, 'redis.name'),
            isMasterName,
            'redis.name',
            'may hold letters, digits and . - _ only',
          ),
        }),
    ...(sentinelPassword === undefined
      ? {}
      : { sentinelPassword: text(sentinelPassword, 'redis.sentinelPassword') }),
    ...(nodes === undefined ? {} : { nodes: addressesOption(nodes, 'redis.nodes', DEFAULT_PORT) }),
  }
}

function tlsOption(tls: unknown, url: unknown): { tls?: object } {
  if (tls === true) return { tls: {} }
  if (isPlain(tls)) return { tls: Object.freeze({ ...tls }) }
  if (tls !== false) throw optionError('redis.tls', 'must be true, false or options of tls.connect')
  if (typeof url === 'string' && /^rediss:/i.test(url))
    throw optionError('redis.tls', 'is false, but the url begins with rediss:')
  return {}
}

function addressesOption(value: unknown, name: string, defaultPort: number): readonly RedisAddress[] {
  if (!Array.isArray(value) || value.length === 0)
    throw optionError(name, "must be an array of { host, port } or 'host:port', and not an empty one")
  return Object.freeze(
    value.map((entry: unknown) => {
      if (typeof entry === 'string') {
        const address = parseAddress(entry, defaultPort)
        if (address === undefined) throw optionError(name, "has an entry that is not 'host:port'")
        return address
      }
      const { host, port, ...others } = asRecord(entry, `an entry of option '${name}'`)
      rejectUnknownKeys(others, ['host', 'port'], `key of an entry of option '${name}'`)
      const checkedHost = checked(
        text(host, `${name} host`),
        isHost,
        `${name} host`,
        'must be a host name or an IP address',
      )
      return Object.freeze({
        host: checkedHost,
        port: port === undefined ? defaultPort : portOption(port, `${name} port`),
      })
    }),
  )
}

function portOption(value: unknown, name: string): number {
  if (typeof value === 'number' && isPort(value)) return value
  throw optionError(name, 'must be a whole number from 1 to 65535')
}

function whole(value: unknown, name: string, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value
  throw optionError(name, `must be a whole number from 0 to ${max}`)
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return value
  throw optionError(name, 'must be a string, and not an empty one')
}

function checked(value: string, accept: (value: string) => boolean, name: string, problem: string): string {
  if (accept(value)) return value
  throw optionError(name, problem)
}

function keyPrefixOption(value: unknown): string {
  if (value === undefined) return 'revocade'
  // Braces would make a hash tag of their own: each key brings one, and only one counts.
  if (typeof value === 'string' && /^[^\s\p{Cc}\p{Cs}{}]{1,64}$/u.test(value)) return value
  throw optionError(
    'redis.keyPrefix',
    'must be a string of 1 to 64 characters without white space and braces',
  )
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Also of another realm: its Object.prototype is not ours, but it has none either.
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null)
}
