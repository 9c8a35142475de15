import { RevocadeError } from '../../../errors.js'
import { toRevocadeError } from '../errors.js'
import { openDatabase, SqliteError } from './driver.js'

/** How long an opener waits out another one that is just trying, in milliseconds. */
const PATIENCE_MS = 200

/** A held lock. */
export interface StoreLock {
  release(): void
}

/**
 * Shares or owns a store between processes, by the locks of an empty SQLite database beside it: the operating
 * system lets go of them when their process dies, however it dies. Works between engines of one process too.
 *
 * @throws `ERR_STORE_UNAVAILABLE` where another holder excludes this one.
 */
export function acquireLock(path: string, exclusive: boolean): StoreLock {
  let db
  try {
    db = openDatabase(`${path}-lock`, { timeout: PATIENCE_MS })
    db.pragma('journal_mode = MEMORY') // the lock database never gets a journal, nor any content
    if (exclusive) {
      db.exec('BEGIN EXCLUSIVE')
    } else {
      db.exec('BEGIN')
      db.prepare('SELECT count(*) FROM sqlite_schema').get() // takes the SHARED lock, for as long as the transaction
    }
  } catch (error) {
    db?.close()
    const busy = error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY')
    if (!busy) throw toRevocadeError(error, 'open', `${path}-lock`)
    throw new RevocadeError(
      'ERR_STORE_UNAVAILABLE',
      exclusive
        ? `The store ${path} can't be opened exclusively: another process or engine has it open. Close that one first.`
        : `The store ${path} is in exclusive use by another process or engine. Close that one first, ` +
            'or open it there without `exclusive`.',
      { cause: error },
    )
  }
  const held = db
  return { release: () => held.close() }
}

/** Runs something that only one of the processes that share a store may do at a time. */
export function withReservation(path: string, run: () => void): void {
  const db = openDatabase(`${path}-lock`, { timeout: 1000 })
  try {
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN IMMEDIATE') // RESERVED: goes together with the others' SHARED locks, not with another of its kind
    run()
  } finally {
    db.close()
  }
}
