import { RevocadeError } from '../../errors.js'
import type { Committed, Written } from '../../ports/index.js'
import type { ServerClock } from '../network/server-clock.js'
import { type Batch, columnsOf, toWritten } from './batch.js'
import { type HandedInPool, type PgNotice, type PgRow, statement } from './driver.js'
import { codeOf, isAnswer, toRevocadeError } from './errors.js'
import { Lane } from './lane.js'
import type { OpenedStore } from './setup.js'

/** A commit, and the number before its first change. */
export interface AppliedBatch extends Omit<Committed, 'written'> {
  readonly written: readonly Written[]
}

const COLUMNS = `bytea, $5::bigint, $6::int, $7::bigint, $8::boolean, $9::boolean[], $10::uuid[],
  $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::text[],
  $18::text[], $19::text[]`

const DURABLE = ['on', 'remote_apply']

/**
 * Commits batches, one after another, each in one round trip. What counts as durable:
 *
 * - The server answered, with `synchronous_commit` on, and said nothing beside: a warning may mean that the
 *   wait for a standby was ended.
 * - Otherwise the commit is looked for by its tag. That is a commit of its own, so what it finds is durable
 *   once it is; and what it does not find never comes.
 */
export class Committer {
  readonly #lane: Lane
  readonly #store: OpenedStore
  readonly #timeoutMs: number
  readonly #clock: ServerClock
  readonly #applySql: string
  readonly #outcomeSql: string
  /** The role's default is another isolation level, or transactions that only read. */
  readonly #explicit: boolean
  #warning: string | undefined
  /** The number of the last change of this process. A commit that is looked for comes after it. */
  #lastSeq = 0

  constructor(pool: HandedInPool, store: OpenedStore, timeoutMs: number, clock: ServerClock) {
    this.#lane = new Lane(pool, (notice) => this.#hear(notice))
    this.#store = store
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#explicit = store.needsExplicitTransactions
    this.#lastSeq = store.seq
    this.#applySql = `SELECT * FROM ${store.schema}.apply_v1($1::text, $2::text, $3::int, $4::${COLUMNS})`
    this.#outcomeSql = `SELECT * FROM ${store.schema}.outcome_v1($1::bytea, $2::bigint, $3::int)`
  }

  /** The number of the last change that this process committed. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Commits a batch: all mutations or none. When it resolves, they are durable. */
  async commit(batch: Batch): Promise<AppliedBatch> {
    let row: PgRow
    try {
      row = await this.#call(this.#applySql, this.#valuesOf(batch))
    } catch (error) {
      // The server refused: nothing was committed.
      if (error instanceof RevocadeError || (isAnswer(error) && !/^(57|40003|08|58)/.test(codeOf(error))))
        throw toRevocadeError(error, 'write')
      return this.#find(batch, error)
    }
    const [seq, previous, bits, durability, result] = row
    if (this.#warning !== undefined) return this.#find(batch, new Error(this.#warning))
    if (!DURABLE.includes(String(durability))) throw notForced()
    const written = toWritten(batch, Number(seq) - batch.mutations.length, result ?? null)
    return this.#committed(batch, { seq: Number(seq), previous: previous ?? '', bits: Number(bits), written })
  }

  /** Runs a maintenance function between two batches. */
  maintain(sql: string, values: readonly unknown[]): Promise<PgRow> {
    return this.#call(sql, values)
  }

  /** Milliseconds that a function may wait for the lock: less than its answer may take. */
  get lockMs(): number {
    return Math.ceil(this.#timeoutMs * 0.8)
  }

  close(): Promise<void> {
    return this.#lane.close()
  }

  async #call(sql: string, values: readonly unknown[]): Promise<PgRow> {
    const query = statement(sql, values)
    const rows = await this.#lane.use(this.#timeoutMs, async (client) => {
      this.#warning = undefined
      if (!this.#explicit) return (await client.query(query)).rows
      await client.query(statement('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'))
      try {
        const { rows } = await client.query(query)
        await client.query(statement('COMMIT'))
        return rows
      } catch (error) {
        if (isAnswer(error)) await client.query(statement('ROLLBACK'))
        throw error
      }
    })
    return rows[0] ?? []
  }

  /** Looks for a commit whose answer was lost. */
  async #find(batch: Batch, lost: unknown): Promise<AppliedBatch> {
    let row: PgRow
    try {
      row = await this.#call(this.#outcomeSql, [`\\x${batch.tag}`, this.#lastSeq, this.lockMs])
      if (this.#warning !== undefined) throw new Error(this.#warning)
    } catch (error) {
      throw unknownOutcome(lost, error)
    }
    const [seq, base, previous, bits, result] = row
    if (seq === null || seq === undefined) throw toRevocadeError(lost, 'write')
    const written = toWritten(batch, Number(base), result ?? null)
    return this.#committed(batch, { seq: Number(seq), previous: previous ?? '', bits: Number(bits), written })
  }

  #committed(
    { tag }: Batch,
    done: { seq: number; previous: string; bits: number; written: Written[] },
  ): AppliedBatch {
    const { seq, previous, bits, written } = done
    const changed = written.some((one) => one.seq > 0)
    this.#lastSeq = Math.max(this.#lastSeq, seq)
    const buckets = { bits, tag: new Uint8Array(Buffer.from(tag, 'hex')) }
    return { epoch: changed ? tag : previous, previous, written, buckets }
  }

  #valuesOf(batch: Batch): unknown[] {
    const { id, namespace, namespaceId, ownToleranceSeconds } = this.#store
    const notAfter = this.#clock.now() + this.#timeoutMs
    return [
      ...[id, namespace, namespaceId, `\\x${batch.tag}`, notAfter, this.lockMs, ownToleranceSeconds],
      ...[batch.distinct, ...columnsOf(batch)],
    ]
  }

  #hear({ severity, code = '', message = '' }: PgNotice): void {
    if (severity === 'WARNING') this.#warning = `the server warned: ${message} [${code}]`
  }
}

const notForced = (): RevocadeError =>
  new RevocadeError(
    'ERR_NOT_DURABLE',
    'the server did not accept synchronous_commit = on: check the settings of this role',
  )

function unknownOutcome(lost: unknown, error: unknown): RevocadeError {
  const { message } = toRevocadeError(error, 'read')
  return new RevocadeError(
    'ERR_NOT_DURABLE',
    `nothing was acknowledged, but the commit may stand: its answer was lost, and ${message}. Try again`,
    { cause: lost },
  )
}
