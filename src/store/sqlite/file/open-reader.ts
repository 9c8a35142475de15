import { type Connection, openDatabase } from './driver.js'
import { assertInPlace, type OpenFiles } from './file-identity.js'

/**
 * Opens a read connection that is proven to be on the files that the store has open. Another file at the path
 * must not even be opened: the log beside it would be taken for its own.
 *
 * @param timeout Milliseconds to wait for another connection's lock.
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when other files stand at the path. Also throws the driver's
 * errors.
 */
export function openReader(at: OpenFiles, timeout?: number): Connection {
  assertInPlace(at)
  const db = openDatabase(at.place.real, {
    readonly: true,
    fileMustExist: true,
    ...(timeout === undefined ? {} : { timeout }),
  })
  try {
    db.prepare('SELECT seq FROM head').get() // opens the log
    // SQLite keeps its files open from here on: if the path still leads to them, they are the ones it opened.
    assertInPlace(at)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
