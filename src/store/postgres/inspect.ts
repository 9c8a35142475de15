import { createPool, type PgClient, type PgRow, statement } from './driver.js'
import { toRevocadeError } from './errors.js'
import { Lane } from './lane.js'
import { CONNECT_TIMEOUT_MS, readPostgresOptions } from './options.js'

/** What a server is and has, for a program that must not change it. */
export interface PostgresFacts {
  readonly serverVersion: string
  readonly schema: string
  readonly inRecovery: boolean
  /** Settings as this user's connections have them, by name. */
  readonly settings: Readonly<Record<string, string>>
  /** Milliseconds of one round trip. */
  readonly roundTripMs: number
  /** The namespaces of the store, oldest first; undefined where there is no store. */
  readonly namespaces: readonly string[] | undefined
  /** The largest clock tolerance that the store was opened with, in seconds. */
  readonly toleranceSeconds: number | undefined
}

const SETTINGS = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
  'default_transaction_isolation',
]

/**
 * Looks at a server without opening the store, which would create it.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the server can't be asked, ERR_CONFIG for the URL
 */
export async function inspectPostgres(url: string): Promise<PostgresFacts> {
  const { place, schema } = readPostgresOptions(url, {})
  const pool = await createPool({
    url: typeof place === 'string' ? place : url,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  })
  const lane = new Lane(pool)
  try {
    return await lane.use(2 * CONNECT_TIMEOUT_MS, (client) => readFacts(client, schema))
  } catch (error) {
    throw toRevocadeError(error, 'open')
  } finally {
    await lane.close()
    await pool.end()
  }
}

async function readFacts(client: PgClient, schema: string): Promise<PostgresFacts> {
  const shown = SETTINGS.map((name) => `current_setting('${name}')`).join()
  const ask = async (sql: string, values: readonly unknown[] = []): Promise<readonly PgRow[]> =>
    (await client.query(statement(sql, values))).rows
  const started = performance.now()
  const [server = []] = await ask(`SELECT current_setting('server_version'), pg_is_in_recovery(), ${shown}`)
  const roundTripMs = performance.now() - started
  const [version, inRecovery, ...values] = server
  const facts = {
    serverVersion: version ?? '',
    schema,
    inRecovery: inRecovery === 't',
    settings: Object.fromEntries(SETTINGS.map((name, i) => [name, values[i] ?? ''])),
    roundTripMs,
  }
  const [table] = (await ask('SELECT to_regclass($1)', [`"${schema}".namespaces`]))[0] ?? []
  if (table === null || table === undefined)
    return { ...facts, namespaces: undefined, toleranceSeconds: undefined }
  const namespaces = await ask(`SELECT name FROM "${schema}".namespaces ORDER BY id`)
  const [tolerance] =
    (
      await ask(`SELECT convert_from(value, 'UTF8') FROM "${schema}".meta WHERE key = 'clock_tolerance'`)
    )[0] ?? []
  return {
    ...facts,
    namespaces: namespaces.map(([name]) => name ?? ''),
    toleranceSeconds: tolerance == null ? undefined : Number(tolerance),
  }
}
