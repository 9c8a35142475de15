import type { StoreContext } from '../../ports/index.js'
import { NetworkStore } from '../network/network-store.js'
import type { HandedInPool } from './driver.js'
import { OpenPostgres } from './open-store.js'
import { type PostgresSettings, type PostgresStoreOptions, readPostgresOptions } from './options.js'

/**
 * The store on PostgreSQL, for engines on any number of machines. It lives in a schema of its own. The way of
 * a commit:
 *
 * 1. `GroupCommit.add` (../network/group-commit.ts) collects calls: one batch is on its way, the next one
 *    waits.
 * 2. `Committer.commit` (committer.ts) makes the batch one call of `apply_v1` (functions.ts), one commit.
 *    One of sessions is a call of `commit_sessions_v1`, under the lock that every writer takes.
 * 3. It is durable when the server has answered, without a warning; see `DurableCalls`.
 *
 * Every statement refuses a server that is a replica.
 *
 * @example
 * const store = new PostgresStore('postgres://user@host/db')
 * const revocade = await createRevocade({ store })
 */
export class PostgresStore extends NetworkStore {
  readonly kind = 'postgres'
  readonly #settings: PostgresSettings

  /**
   * @param place A URL (`postgres://user:password@host/database?sslmode=verify-full&schema=revocade`), or a
   *   Pool of the package `pg`, which the store does not end. It takes three connections of it at most.
   * @throws {RevocadeError} ERR_CONFIG when an option can't be used.
   */
  constructor(place: string | HandedInPool, options: PostgresStoreOptions = {}) {
    super()
    this.#settings = readPostgresOptions(place, options)
  }

  protected override connect(context: StoreContext): Promise<OpenPostgres> {
    return OpenPostgres.open(this.#settings, context)
  }
}
