import type { Connection } from '../file/driver.js'

/** Mutations from which on a batch gets a long log. */
const LARGE_BATCH = 32
/** Pages of the log before SQLite folds it into the file, for large and small batches: 128 MB and 4 MB. */
const LONG_LOG_PAGES = 32_000
const SHORT_LOG_PAGES = 1000
/** Bytes that the log's file keeps when it begins anew: a long log, and the commit that made it so long. */
const KEPT_BYTES = 128 * 1024 * 1024

/**
 * Sets the length of the log before it is folded into the file.
 *
 * Single revocations get a short log: a commit that makes the log's file longer takes twice as long as one
 * that overwrites folded pages. Large batches get a long log: digests are random, so each row changes a page
 * of its own in a large index. A fold writes most of the index, however long the log is, hence the fewer the
 * better. The file keeps its length: the next long log overwrites it.
 */
export class LogLength {
  readonly #db: Connection
  #long: boolean | undefined

  /** @param db The write connection. */
  constructor(db: Connection) {
    this.#db = db
    db.pragma(`journal_size_limit = ${KEPT_BYTES}`)
  }

  /** To be called before a commit of so many mutations. */
  fit(count: number): void {
    const long = count >= LARGE_BATCH
    if (long === this.#long) return
    this.#long = long
    this.#db.pragma(`wal_autocheckpoint = ${long ? LONG_LOG_PAGES : SHORT_LOG_PAGES}`)
  }
}
