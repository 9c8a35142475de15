import { RevocadeError } from '../../errors.js'

// The part of the package `pg` (8.11 or newer) that is used here. Any object with these methods will do, so
// that a program's own Pool may come from another copy of the package.

/** A statement. The types say that every value stays text, whatever parsers the program has set. */
export interface PgQuery {
  /** The server keeps what it parsed under this name, until the connection ends. */
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
  readonly rowMode: 'array'
  readonly types: { getTypeParser(): (text: string) => unknown }
}

/** A row: text, or null. */
export type PgRow = readonly (string | null)[]

/** What the server says beside its answers. */
export interface PgNotice {
  readonly severity?: string | undefined
  readonly code?: string | undefined
  readonly message?: string | undefined
}

/** A query with a protocol of its own; `pg` calls these methods. */
export interface PgSubmittable {
  submit(connection: PgConnection): Error | undefined
}

/** The wire below a client. */
export interface PgConnection {
  query(text: string): void
  readonly stream: { pause(): unknown; resume(): unknown }
}

/** A connection of a pool. */
export interface PgClient {
  query(query: PgQuery): Promise<{ readonly rows: readonly PgRow[] }>
  query(query: PgSubmittable): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'notice', listener: (notice: PgNotice) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'notice', listener: (notice: PgNotice) => void): unknown
  /** @param destroy Whether the connection is closed, not used again. */
  release(destroy?: boolean): void
  ref?(): void
  unref?(): void
}

/** A pool of the package `pg`. */
export interface PgPool {
  connect(): Promise<PgClient>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'connect', listener: (client: PgClient) => void): unknown
}

/** The methods of a pool that this package calls when a program hands in its own. */
export type HandedInPool = Pick<PgPool, 'connect'>

const asText = (text: string): unknown => text

/** A statement whose rows are arrays of text. */
export const statement = (text: string, values: readonly unknown[] = []): PgQuery => ({
  text,
  values,
  rowMode: 'array',
  types: { getTypeParser: () => asText },
})

/** How a pool of our own is made. */
export interface PoolSettings {
  readonly url: string
  readonly connectTimeoutMs: number
}

/** Connections of one store: one that writes, one that reads, one for scans. */
const CONNECTIONS = 3

/**
 * Makes a pool for a URL, without connecting.
 *
 * @throws {RevocadeError} ERR_CONFIG when the package pg is not installed
 */
export async function createPool({ url, connectTimeoutMs }: PoolSettings): Promise<PgPool> {
  const { Pool } = await loadPg()
  const pool: PgPool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    allowExitOnIdle: true,
    // A startup parameter that PgBouncer knows. It takes no others, such as `options`.
    application_name: 'revocade',
  })
  // Of an idle connection that was lost: the next query makes another.
  pool.on('error', () => undefined)
  // Of one that is lost as it is handed out, before anybody listens: it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

interface PgModule {
  readonly Pool: new (options: object) => PgPool
}

async function loadPg(): Promise<PgModule> {
  try {
    const { default: pg } = await import('pg')
    return pg
  } catch (cause) {
    throw new RevocadeError(
      'ERR_CONFIG',
      "option 'store': a PostgreSQL store needs the package pg: npm install pg",
      { cause },
    )
  }
}
