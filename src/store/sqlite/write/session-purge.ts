import type { Connection } from '../file/driver.js'

/** Rows that one step examines: a few milliseconds. With a step every 30 s, 20 million rows take a day. */
const ROWS_PER_STEP = 8192

/**
 * Deletes the rows of refresh tokens that are past their time, of all namespaces. Each step goes on where the
 * last one ended: nothing depends on when a row goes, and no process reads the whole table every 30 s.
 */
export class SessionPurge {
  readonly #statements: ReturnType<typeof prepare>
  #after = 0

  constructor(db: Connection) {
    this.#statements = prepare(db)
  }

  /**
   * To be run in a transaction.
   *
   * @param before Milliseconds since 1970.
   * @returns The number of deleted rows.
   */
  step(before: number): number {
    const { windowEnd, remove } = this.#statements
    const upTo = windowEnd.get(this.#after) ?? null
    const from = this.#after
    this.#after = upTo ?? 0
    return upTo === null ? 0 : remove.run(from, upTo, before).changes
  }
}

function prepare(db: Connection) {
  return {
    windowEnd: db
      .prepare<[after: number], number | null>(
        `SELECT max(id) FROM (SELECT id FROM sessions WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_STEP})`,
      )
      .pluck(),
    remove: db.prepare<[after: number, upTo: number, before: number]>(
      'DELETE FROM sessions WHERE id > ? AND id <= ? AND purge_at < ?',
    ),
  }
}
