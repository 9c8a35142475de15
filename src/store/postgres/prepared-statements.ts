import { createHash } from 'node:crypto'
import { type PgClient, type PgRow, statement } from './driver.js'
import { codeOf } from './errors.js'

/** No statement has this name; another connection of the pooler has made it. The server did nothing. */
const NOT_KEPT = ['26000', '42P05']

/**
 * Statements with names: the server parses and plans each of them once for a connection, which is half of
 * what an idle poll costs it.
 *
 * A pooler that gives each transaction another connection of the server may lose the names (PgBouncer before
 * 1.21). The server then refuses a statement before it does anything, and from there on all are sent without
 * a name. A name is the hash of its text, so nobody else's statement can have it.
 */
export class PreparedStatements {
  readonly #names = new Map<string, string>()
  #areKept = true

  /** Whether the server kept all statements so far. */
  get areKept(): boolean {
    return this.#areKept
  }

  /** The rows of a statement, whose text is one of few. Rejects with what the driver threw. */
  async run(client: PgClient, sql: string, values: readonly unknown[]): Promise<readonly PgRow[]> {
    const query = statement(sql, values)
    if (!this.#areKept) return (await client.query(query)).rows
    try {
      return (await client.query({ ...query, name: this.#nameOf(sql) })).rows
    } catch (error) {
      if (!NOT_KEPT.includes(codeOf(error))) throw error
      this.#areKept = false
      return (await client.query(query)).rows
    }
  }

  #nameOf(sql: string): string {
    const known = this.#names.get(sql)
    if (known !== undefined) return known
    const name = `revocade_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`
    this.#names.set(sql, name)
    return name
  }
}
