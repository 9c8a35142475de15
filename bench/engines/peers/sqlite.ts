import Database from 'better-sqlite3'
import type { TokenClaims } from '#dist/index.js'
import { numberOf, type Peer, textOf } from './peer.js'

/**
 * better-sqlite3 by itself: a table of ids, asked for every token. As in its documentation: WAL, one prepared
 * statement, `pluck` for a single column. In addition a table without rowids, so that a lookup walks one
 * tree, and a page cache and memory map that hold all of it.
 */
export class SqlitePeer implements Peer {
  readonly name = 'better-sqlite3'
  readonly #db: Database.Database
  readonly #insert: Database.Statement
  readonly #find: Database.Statement

  constructor(path: string) {
    const db = new Database(path)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('cache_size = -262144')
    db.pragma('mmap_size = 1073741824')
    db.exec(
      `CREATE TABLE IF NOT EXISTS revoked
      (jti TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
    )
    this.#insert = db.prepare('INSERT OR REPLACE INTO revoked VALUES (?, ?)')
    this.#find = db.prepare('SELECT expires_at FROM revoked WHERE jti = ?').pluck()
    this.#db = db
  }

  revoke(_token: string, claims: TokenClaims): void {
    this.#insert.run(textOf(claims, 'jti'), numberOf(claims, 'exp'))
  }

  /** Many in one transaction. */
  addAll(entries: Iterable<readonly [jti: string, expiresAt: number]>): void {
    this.#db.transaction(() => {
      for (const entry of entries) this.#insert.run(...entry)
    })()
  }

  isRevoked(_token: string, claims: TokenClaims): boolean {
    const expiresAt = this.#find.get(textOf(claims, 'jti'))
    return typeof expiresAt === 'number' && expiresAt > Date.now() / 1000
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#db.close()
    return Promise.resolve()
  }
}
