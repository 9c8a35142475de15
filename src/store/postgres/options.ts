import { optionError } from '../../validate.js'
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

/** Takes our own parameter out of a URL. The driver reads the rest of it, such as `sslmode`. */
function readUrl(text: string): { url: string; schema: string | undefined } {
  const [address = '', query] = text.split('?', 2)
  if (query === undefined) return { url: text, schema: undefined }
  const parameters = query.split('&')
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
