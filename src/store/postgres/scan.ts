import type { ScanChunk, ScanEnd } from '../../ports/index.js'
import { selectorNames } from '../format/target.js'
import { CopyOut } from './copy-out.js'
import { type HandedInPool, type PgClient, type PgRow, statement } from './driver.js'
import { DeadlineError, replaced, replica, toRevocadeError } from './errors.js'
import type { OpenedStore } from './setup.js'

/** The server joins so many neighbouring rows, 2^bits, into one. */
const GROUP_BITS = 12
/**
 * Memory of the server for that, in kilobytes: a million rows take 32 MB. It expects that each row is a group
 * of its own, and with less memory it would sort all of them on its disk, which takes twice as long.
 */
const WORK_MEM_KB = 65_536
/** Milliseconds for each step, such as counting the rows. */
const STEP_MS = 60_000

/**
 * Reads all live revocations from one snapshot, on a connection of its own, which is closed if the caller
 * leaves early.
 */
export async function* scanStore(
  pool: HandedInPool,
  store: OpenedStore,
  liveAfter: number,
): AsyncGenerator<ScanChunk, ScanEnd, void> {
  const { schema, namespaceId } = store
  let client: PgClient | undefined
  let done = false
  const ignore = (): void => undefined
  try {
    client = await within(pool.connect())
    client.on('error', ignore)
    const live = `FROM ${schema}.revocations
      WHERE namespace = ${namespaceId} AND revoked AND expires_at > ${Math.floor(liveAfter)}`
    await one(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const position = await begin(client, store)
    const [shapes] = await one(
      client,
      `SELECT json_agg(s) FROM
        (SELECT json_build_array(selector, max(expires_at), count(*)) AS s ${live} GROUP BY selector) x`,
    )
    const found = JSON.parse(shapes ?? '[]') as Shape[]
    const total = found.reduce((sum, [, , count]) => sum + count, 0)
    const copy = new CopyOut(
      `COPY (SELECT string_agg(uuid_send(digest), ''), string_agg(float8send(expires_at), '') ${live}
        GROUP BY seq >> ${GROUP_BITS}) TO STDOUT (FORMAT binary)`,
    )
    client.query(copy)
    const rows = copy.rows()
    for (;;) {
      const next = await within(rows.next())
      if (next.done === true) break
      yield toChunk(next.value, total)
    }
    await one(client, 'COMMIT')
    done = true
    const selectors = found.flatMap(([names, expiresAt]) =>
      names === null ? [] : [{ names: selectorNames(names), expiresAt }],
    )
    return { position, selectors }
  } catch (error) {
    throw toRevocadeError(error, 'read')
  } finally {
    if (done) client?.off('error', ignore)
    client?.release(!done)
  }
}

type Shape = readonly [selector: string | null, expiresAt: number, count: number]

/** Begins the snapshot, and returns its newest change. */
async function begin(client: PgClient, { schema, id, namespace, namespaceId }: OpenedStore) {
  const sql = `SELECT pg_is_in_recovery(), (SELECT convert_from(value, 'UTF8') FROM ${schema}.meta
      WHERE key = 'id'), (SELECT n.id FROM ${schema}.namespaces n WHERE n.name = $1),
      c.seq, encode(c.tag, 'hex'), set_config('enable_sort', 'off', true), set_config('jit', 'off', true),
      set_config('work_mem',
        greatest(pg_size_bytes(current_setting('work_mem')) / 1024, ${WORK_MEM_KB}) || 'kB', true)
    FROM ${schema}.commits c ORDER BY c.seq DESC LIMIT 1`
  const [inRecovery, foundId, foundNamespace, seq, epoch] = await one(client, sql, [namespace])
  if (inRecovery !== 'f') throw replica()
  if (foundId !== id || Number(foundNamespace) !== namespaceId) throw replaced()
  return { seq: Number(seq), epoch: epoch ?? '' }
}

async function one(client: PgClient, sql: string, values: readonly unknown[] = []): Promise<PgRow> {
  const { rows } = await within(client.query(statement(sql, values)))
  return rows[0] ?? []
}

function toChunk([digests = Buffer.alloc(0), expiries = Buffer.alloc(0)]: readonly Buffer[], total: number) {
  const words = new Int32Array(digests.length / 4)
  Buffer.from(words.buffer).set(digests)
  const expiresAt = new Float64Array(expiries.length / 8)
  const bytes = Buffer.from(expiresAt.buffer)
  bytes.set(expiries)
  bytes.swap64() // the server sends big-endian numbers
  return { total, digests: words, expiresAt }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(STEP_MS)), STEP_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
