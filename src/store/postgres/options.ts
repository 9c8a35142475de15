import { optionError, suggestionFor } from '../../validate.js'
import type { HandedInPool } from './driver.js'

/** Options of `PostgresStore`. */
export interface PostgresStoreOptions {
  /**
   * The schema that holds the store: 1 to 63 lower-case letters, digits and underscores. It is created if it
   * is missing. In a URL: `?schema=name`.
   *
   * @default 'revocade'
   */
  readonly schema?: string
  /**
   * The number of milliseconds until a commit must be acknowledged, before it fails with `ERR_NOT_DURABLE`;
   * as many again to find out what became of it. 100 to 600,000.
   *
   * @default 5000
   */
  readonly writeTimeoutMs?: number
  /**
   * The number of milliseconds until a read must be answered. Afterwards its connection is closed. 50 to
   * 600,000. More than `maxStalenessMs`, but for 250, is cut down to it: a later answer renews no lease.
   *
   * @default 1000
   */
  readonly readTimeoutMs?: number
  /**
   * Accept a server with `fsync = off`. Only where something else makes commits durable, as in Neon.
   *
   * @default false
   */
  readonly allowFsyncOff?: boolean
}

/** The options after they were read. */
export interface PostgresSettings {
  /** A URL, or the pool of the program. */
  readonly place: string | HandedInPool
  readonly schema: string
  readonly writeTimeoutMs: number
  readonly readTimeoutMs: number
  readonly allowFsyncOff: boolean
}

/** Milliseconds that a read always has: a shorter Δ would close connections that are merely busy. */
const LEAST_READ_MS = 250

/** Milliseconds that a read has where nobody may wait longer than Δ. */
export function readDeadline({ readTimeoutMs }: PostgresSettings, maxStalenessMs = 0): number {
  return maxStalenessMs === 0
    ? readTimeoutMs
    : Math.min(readTimeoutMs, Math.max(LEAST_READ_MS, maxStalenessMs))
}

/** Longest time to connect, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 5000

/**
 * Reads a URL or a pool, and the options.
 *
 * @throws {RevocadeError} ERR_CONFIG when one of them can't be used
 */
export function readPostgresOptions(
  place: string | HandedInPool,
  options: PostgresStoreOptions,
): PostgresSettings {
  const { url, schema } = typeof place === 'string' ? readUrl(place) : { url: place, schema: undefined }
  return {
    place: url,
    schema: schemaName(options.schema ?? schema ?? 'revocade'),
    writeTimeoutMs: milliseconds(options.writeTimeoutMs ?? 5000, 'writeTimeoutMs', 100),
    readTimeoutMs: milliseconds(options.readTimeoutMs ?? 1000, 'readTimeoutMs', 50),
    allowFsyncOff: options.allowFsyncOff === true,
  }
}

/**
 * Parameters of a URL: ours, and those of pg and libpq
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS). pg takes any, and a
 * mistyped `schema` would be another store.
 */
const PARAMETERS: readonly string[] = (
  'schema sslmode sslrootcert sslcert sslkey sslpassword sslnegotiation sslsni sslcrl sslcrldir ' +
  'sslcompression ssl_min_protocol_version ssl_max_protocol_version ssl uselibpqcompat ' +
  'channel_binding require_auth enableChannelBinding gssencmode krbsrvname host hostaddr port user ' +
  'password passfile dbname db options application_name fallback_application_name client_encoding ' +
  'encoding connect_timeout statement_timeout lock_timeout query_timeout ' +
  'idle_in_transaction_session_timeout keepalives keepalives_idle keepalives_interval ' +
  'keepalives_count keepAlive tcp_user_timeout target_session_attrs load_balance_hosts service ' +
  'replication binary'
).split(' ')

/**
 * Takes our own parameter out of a URL. The driver reads the rest of it, such as `sslmode`.
 *
 * @throws {RevocadeError} ERR_CONFIG for an unknown parameter. It is not repeated: it may be a part of a
 *   password with a `?` in it
 */
function readUrl(text: string): { url: string; schema: string | undefined } {
  const [address = '', query] = text.split('?', 2)
  if (query === undefined) return { url: text, schema: undefined }
  const parameters = query.split('&').filter((parameter) => parameter !== '')
  for (const parameter of parameters) {
    const [name = ''] = parameter.split('=', 1)
    if (PARAMETERS.includes(name)) continue
    const known = suggestionFor(name, PARAMETERS)
    throw optionError('store', `is a URL with an unknown parameter (a ? in a password is %3F): ${known}`)
  }
  const own = parameters.find((parameter) => parameter.startsWith('schema='))
  const others = parameters.filter((parameter) => parameter !== own)
  const url = others.length === 0 ? address : `${address}?${others.join('&')}`
  return { url, schema: own?.slice('schema='.length) }
}

function schemaName(name: string): string {
  if (/^[a-z_][a-z\d_]{0,62}$/.test(name) && !name.startsWith('pg_')) return name
  throw optionError('schema', 'must have 1 to 63 lower-case letters, digits and underscores')
}

function milliseconds(value: number, name: string, least: number): number {
  if (Number.isFinite(value) && value >= least && value <= 600_000) return value
  throw optionError(name, `must be a number of milliseconds from ${least} to 600000`)
}
