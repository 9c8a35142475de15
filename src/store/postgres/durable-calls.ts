import { RevocadeError } from '../../errors.js'
import type { ServerClock } from '../network/server-clock.js'
import { type HandedInPool, type PgNotice, type PgRow, statement } from './driver.js'
import { codeOf, isAnswer, toRevocadeError } from './errors.js'
import { Lane } from './lane.js'
import { PreparedStatements } from './prepared-statements.js'
import type { OpenedStore } from './setup.js'

/** A statement that calls one of the functions. */
export interface FunctionCall {
  readonly sql: string
  readonly values: readonly unknown[]
}

const DURABLE = ['on', 'remote_apply']
/** Where a function that commits says what `synchronous_commit` was. */
const DURABILITY_AT = 3

/**
 * The write connection: makes commits, one after another, each in one round trip. What counts as durable:
 *
 * - The server answered, with `synchronous_commit` on, and said nothing beside: a warning may mean that the
 *   wait for a standby was ended.
 * - Otherwise the commit is looked for by its tag. That is a commit of its own, so what it finds is durable
 *   once it is; and what it does not find never comes.
 */
export class DurableCalls {
  readonly #lane: Lane
  readonly #timeoutMs: number
  readonly #clock: ServerClock
  /** The role's default is another isolation level, or transactions that only read. */
  readonly #explicit: boolean
  readonly #prepared = new PreparedStatements()
  #warning: string | undefined

  constructor(pool: HandedInPool, store: OpenedStore, timeoutMs: number, clock: ServerClock) {
    this.#lane = new Lane(pool, (notice) => this.#hear(notice))
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#explicit = store.needsExplicitTransactions
  }

  /** Milliseconds that a function may wait for the lock: less than its answer may take. */
  get lockMs(): number {
    return Math.ceil(this.#timeoutMs * 0.8)
  }

  /** When a commit that is sent now has come too late, by the clock of the server. */
  get notAfter(): number {
    return this.#clock.now() + this.#timeoutMs
  }

  /**
   * Makes a commit. When it resolves, it is durable.
   *
   * @param outcome Looks for it where its answer was lost. The first column is null if there is none.
   * @returns What one of the two calls returned.
   */
  async commit(
    apply: FunctionCall,
    outcome: () => FunctionCall,
  ): Promise<{ readonly row: PgRow; readonly isOutcome: boolean }> {
    let row: PgRow
    try {
      row = await this.call(apply)
    } catch (error) {
      // The server refused: nothing was committed.
      if (error instanceof RevocadeError || (isAnswer(error) && !/^(57|40003|08|58)/.test(codeOf(error))))
        throw toRevocadeError(error, 'write')
      return this.#find(outcome(), error)
    }
    if (this.#warning !== undefined) return this.#find(outcome(), new Error(this.#warning))
    if (!DURABLE.includes(String(row[DURABILITY_AT]))) throw notForced()
    return { row, isOutcome: false }
  }

  /** Calls a function between two commits; its first row. Rejects with what the driver threw. */
  async call({ sql, values }: FunctionCall): Promise<PgRow> {
    const rows = await this.#lane.use(this.#timeoutMs, async (client) => {
      this.#warning = undefined
      if (!this.#explicit) return this.#prepared.run(client, sql, values)
      await client.query(statement('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'))
      try {
        const { rows } = await client.query(statement(sql, values))
        await client.query(statement('COMMIT'))
        return rows
      } catch (error) {
        if (isAnswer(error)) await client.query(statement('ROLLBACK'))
        throw error
      }
    })
    return rows[0] ?? []
  }

  close(): Promise<void> {
    return this.#lane.close()
  }

  /** Looks for a commit whose answer was lost. */
  async #find(outcome: FunctionCall, lost: unknown) {
    let row: PgRow
    try {
      row = await this.call(outcome)
      if (this.#warning !== undefined) throw new Error(this.#warning)
    } catch (error) {
      throw unknownOutcome(lost, error)
    }
    if (row[0] === null || row[0] === undefined) throw toRevocadeError(lost, 'write')
    return { row, isOutcome: true }
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
