import { randomBytes } from 'node:crypto'
import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { digestKey, keyToKeep, requireKeyLength } from '../format/digest-key.js'
import { type HandedInPool, type PgClient, type PgRow, statement } from './driver.js'
import { isAnswer, replica, toRevocadeError } from './errors.js'
import { Lane } from './lane.js'
import { CONNECT_TIMEOUT_MS, type PostgresSettings } from './options.js'
import { migrations } from './schema.js'

/** What an opened store knows of itself. */
export interface OpenedStore {
  readonly id: string
  readonly key: Uint8Array
  /** Quoted. */
  readonly schema: string
  readonly namespace: string
  readonly namespaceId: number
  readonly seq: number
  readonly toleranceSeconds: number
  readonly ownToleranceSeconds: number
  readonly serverVersion: string
  /** Milliseconds since 1970, by the clock of the server. */
  readonly serverMs: number
  /** Single statements would not run as READ COMMITTED READ WRITE. */
  readonly needsExplicitTransactions: boolean
  readonly schemaVersion: number
}

/** The oldest server, as `server_version_num`. */
const OLDEST_SERVER = 140_000
/** Milliseconds to create the schema, or to wait for another engine that does. */
const SETUP_MS = 30_000

const NOW_MS = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/**
 * Opens the store in a schema; creates or migrates it first when needed. All of that is one transaction,
 * under an advisory lock, so engines that start at once wait for each other.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE, ERR_STORE_MISMATCH, ERR_STORE_CORRUPT or ERR_CONFIG
 */
export async function setUp(
  pool: HandedInPool,
  settings: PostgresSettings,
  context: StoreContext,
): Promise<OpenedStore> {
  requireKeyLength(context.secret)
  const lane = new Lane(pool)
  try {
    return await lane.use(CONNECT_TIMEOUT_MS + SETUP_MS, async (client) => {
      const server = await checkServer(client, settings)
      await client.query(statement('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'))
      try {
        const store = await prepare(client, settings, context)
        await client.query(statement('COMMIT'))
        return { ...store, ...server }
      } catch (error) {
        if (isAnswer(error) || error instanceof RevocadeError) await client.query(statement('ROLLBACK'))
        throw error
      }
    })
  } catch (error) {
    throw toRevocadeError(error, 'open')
  } finally {
    await lane.close()
  }
}

type Server = Pick<OpenedStore, 'serverVersion' | 'needsExplicitTransactions'>

/** Refuses a server that can't keep what the store promises. */
async function checkServer(client: PgClient, { allowFsyncOff }: PostgresSettings): Promise<Server> {
  const [version, number, inRecovery, fsync, encoding, isolation, readOnly] = await first(
    client,
    `SELECT current_setting('server_version'), current_setting('server_version_num'), pg_is_in_recovery(),
      current_setting('fsync'), current_setting('server_encoding'),
      current_setting('default_transaction_isolation'), current_setting('default_transaction_read_only')`,
  )
  if (inRecovery === 't') throw replica()
  if (Number(number) < OLDEST_SERVER)
    throw unusable(`PostgreSQL ${version} is too old: the store needs version 14 or newer`)
  if (encoding !== 'UTF8') throw unusable(`the database has the encoding ${encoding}: create one with UTF8`)
  if (fsync === 'off' && !allowFsyncOff)
    throw unusable(
      'the server has fsync = off, so a crash may lose acknowledged revocations: turn it on ' +
        '(or set allowFsyncOff, where something else makes commits durable)',
    )
  return {
    serverVersion: version ?? '',
    needsExplicitTransactions: isolation !== 'read committed' || readOnly === 'on',
  }
}

const unusable = (why: string): RevocadeError =>
  new RevocadeError('ERR_STORE_UNAVAILABLE', `the PostgreSQL store can't be opened: ${why}`)

async function prepare(
  client: PgClient,
  settings: PostgresSettings,
  { namespace, secret, clockToleranceSeconds = 0 }: StoreContext,
): Promise<Omit<OpenedStore, keyof Server>> {
  const schema = `"${settings.schema}"`
  await first(client, 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `revocade:${settings.schema}`,
  ])
  const schemaVersion = await migrate(client, settings.schema, schema)
  const meta = new Meta(client, schema)
  const id = await identify(meta, secret)
  const key = digestKey(await meta.get('key'), await meta.get('key_check'), secret)
  const ownToleranceSeconds = Math.ceil(clockToleranceSeconds)
  const toleranceSeconds = await raiseTolerance(meta, ownToleranceSeconds)
  const namespaceId = await findNamespace(client, schema, namespace)
  // The clock at last: the deadline of the first commit counts from it.
  const [seq, now] = await first(client, `SELECT max(seq), ${NOW_MS} FROM ${schema}.commits`)
  return {
    ...{ id, key, schema, namespace, namespaceId, seq: Number(seq), serverMs: Number(now) },
    ...{ toleranceSeconds, ownToleranceSeconds, schemaVersion },
  }
}

/** Runs the missing migrations; returns the version that the schema then has. */
async function migrate(client: PgClient, name: string, schema: string): Promise<number> {
  const steps = migrations(schema)
  const [table, exists] = await first(
    client,
    'SELECT to_regclass($1), EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $2)',
    [`${schema}.meta`, name],
  )
  // Only a missing schema: with IF NOT EXISTS, it would need the privilege to create one all the same.
  if (exists !== 't') await client.query(statement(`CREATE SCHEMA ${schema}`))
  const meta = new Meta(client, schema)
  const found = table === null ? 0 : Number((await meta.get('schema_version'))?.toString() ?? Number.NaN)
  if (Number.isNaN(found))
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `the schema ${name} is of another application: choose another one ('?schema=' in the URL)`,
    )
  if (found > steps.length)
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `the store has schema version ${found}, but this package knows only ${steps.length}: update it`,
    )
  if (found === steps.length) return found
  for (const step of steps.slice(found)) await client.query(statement(step))
  await meta.put('schema_version', Buffer.from(String(steps.length)))
  return steps.length
}

async function identify(meta: Meta, secret: Uint8Array | undefined): Promise<string> {
  const known = await meta.get('id')
  if (known !== undefined) return known.toString()
  const id = randomBytes(12).toString('base64url')
  await meta.put('id', Buffer.from(id))
  await meta.put('created_at', Buffer.from(new Date().toISOString()))
  await meta.put(...keyToKeep(secret))
  return id
}

/** Keeps the largest tolerance of all engines that ever opened the store. */
async function raiseTolerance(meta: Meta, own: number): Promise<number> {
  const kept = Number((await meta.get('clock_tolerance'))?.toString() ?? -1)
  if (kept < own) await meta.put('clock_tolerance', Buffer.from(String(own)))
  return Math.max(kept, own)
}

async function findNamespace(client: PgClient, schema: string, name: string): Promise<number> {
  const find = `SELECT id FROM ${schema}.namespaces WHERE name = $1`
  const [known] = await first(client, find, [name])
  if (known !== undefined) return Number(known)
  const [made] = await first(client, `INSERT INTO ${schema}.namespaces (name) VALUES ($1) RETURNING id`, [
    name,
  ])
  return Number(made)
}

/** The table of facts about the store. */
class Meta {
  readonly #client: PgClient
  readonly #table: string

  constructor(client: PgClient, schema: string) {
    this.#client = client
    this.#table = `${schema}.meta`
  }

  async get(key: string): Promise<Buffer | undefined> {
    const sql = `SELECT encode(value, 'hex') FROM ${this.#table} WHERE key = $1`
    const [value] = await first(this.#client, sql, [key])
    return typeof value === 'string' ? Buffer.from(value, 'hex') : undefined
  }

  async put(key: string, value: Buffer): Promise<void> {
    const sql = `INSERT INTO ${this.#table} VALUES ($1, $2)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value`
    await first(this.#client, sql, [key, value])
  }
}

async function first(client: PgClient, sql: string, values: readonly unknown[] = []): Promise<PgRow> {
  return (await client.query(statement(sql, values))).rows[0] ?? []
}
