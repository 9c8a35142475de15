import { existsSync } from 'node:fs'
import { RevocadeError } from '../../../errors.js'
import { toRevocadeError } from '../errors.js'
import { openDatabase, sqliteCode } from './driver.js'
import { validateFile } from './validate-file.js'

/** Milliseconds to wait for another opener, which holds the lock for a moment even if it is refused. */
const LOCK_TIMEOUT_MS = 200
/** Milliseconds to wait for another process in {@link withReservation}. */
const RESERVATION_TIMEOUT_MS = 1000

/** A held lock. */
export interface StoreLock {
  release(): void
}

/**
 * Shares a store between processes, or owns it, by SQLite's locks on an empty database beside it. The
 * operating system releases them when their process ends in any way. They also work between engines of one
 * process.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when another holder excludes this one; what `validateFile`
 *   throws, if nobody has opened the store before.
 */
export function acquireLock(path: string, exclusive: boolean): StoreLock {
  if (!existsSync(`${path}-lock`)) validateFile(path) // leaves no lock beside a file of others
  let db
  try {
    db = openDatabase(`${path}-lock`, { timeout: LOCK_TIMEOUT_MS })
    db.pragma('journal_mode = MEMORY') // the lock database gets no content, and so no journal
    if (exclusive) {
      db.exec('BEGIN EXCLUSIVE')
    } else {
      db.exec('BEGIN')
      // Reading takes the SHARED lock until the transaction ends.
      db.prepare('SELECT count(*) FROM sqlite_schema').get()
    }
  } catch (error) {
    db?.close()
    const busy = sqliteCode(error).startsWith('SQLITE_BUSY')
    if (!busy) throw toRevocadeError(error, 'open', `${path}-lock`)
    throw new RevocadeError(
      'ERR_STORE_UNAVAILABLE',
      exclusive
        ? `the store ${path} can't be opened exclusively, because another process or engine has it open: ` +
            'close that one first'
        : `the store ${path} is in exclusive use by another process or engine: close that one first, ` +
            'or open it there without `exclusive`',
      { cause: error },
    )
  }
  const held = db
  return { release: () => held.close() }
}

/** Runs something that only one process at a time may do, of those that share a store. */
export function withReservation(path: string, run: () => void): void {
  const db = openDatabase(`${path}-lock`, { timeout: RESERVATION_TIMEOUT_MS })
  try {
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN IMMEDIATE') // RESERVED: excludes another RESERVED lock, but not the SHARED ones
    run()
  } finally {
    db.close()
  }
}
