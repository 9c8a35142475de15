import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import type { Workload } from '../harness/measure.js'
import { EXPIRES_AT, freshClaims } from '../inputs/claims.js'
import type { Random } from '../inputs/random.js'

/** What a durable change costs without this package: one row, one index, one fsync. */
export class BareInsert implements Workload {
  readonly name = 'bare insert'
  readonly #random: Random
  readonly #db: Database.Database
  readonly #insert: Database.Statement
  #targets: string[] = []

  constructor(random: Random, path: string) {
    this.#random = random
    this.#db = new Database(path)
    this.#db.pragma('journal_mode = WAL')
    this.#db.pragma('synchronous = FULL')
    this.#db.exec(
      `CREATE TABLE revocations (seq INTEGER PRIMARY KEY, namespace INTEGER NOT NULL,
      digest BLOB NOT NULL, revoked INTEGER NOT NULL, expires_at INTEGER NOT NULL,
      revoked_at INTEGER NOT NULL, target TEXT NOT NULL, UNIQUE (namespace, digest)) STRICT`,
    )
    this.#insert = this.#db.prepare('INSERT INTO revocations VALUES (NULL, 1, ?, 1, ?, ?, ?)')
  }

  prepare(count: number): void {
    this.#targets = Array.from({ length: count }, () => {
      const { iss, jti } = freshClaims(this.#random)
      return JSON.stringify(['id', 'jti', jti, iss])
    })
  }

  run(count: number): number {
    let written = 0
    for (let i = 0; i < count; i++) {
      written += this.#insert.run(randomBytes(16), EXPIRES_AT, Date.now(), this.#targets[i]).changes
    }
    return written
  }

  close(): void {
    this.#db.close()
  }
}
