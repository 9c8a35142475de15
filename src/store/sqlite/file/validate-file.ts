import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { RevocadeError } from '../../../errors.js'
import { toRevocadeError } from '../errors.js'
import { setupError } from '../setup-error.js'
import { type Connection, openDatabase } from './driver.js'
import { fileSize } from './file-identity.js'
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js'

/** SQLite takes a file of fewer bytes for an empty one, and would write over it. */
const SMALLEST_PAGE_BYTES = 512
/** Milliseconds that validation waits for another connection's lock. */
const BUSY_TIMEOUT_MS = 250

/** The error for a path at which no store can be opened. */
export const cannotOpen = (path: string, why: string, cause?: unknown): RevocadeError =>
  new RevocadeError('ERR_STORE_UNAVAILABLE', `the store ${path} can't be opened: ${why}`, { cause })

/** The error for a store whose content is incomplete. */
export const corrupt = (how: string): RevocadeError =>
  new RevocadeError('ERR_STORE_CORRUPT', `the store ${how}: restore it from a backup`)

/**
 * Refuses a path at which no store file can be.
 *
 * @param create False: the file must exist and not be empty.
 */
export function validatePath(path: string, create: boolean): void {
  let stat
  try {
    stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined && !statSync(dirname(path)).isDirectory()) {
      throw cannotOpen(path, `${dirname(path)} is not a directory`)
    }
  } catch (error) {
    if (error instanceof RevocadeError) throw error
    throw (
      setupError(error) ??
      cannotOpen(
        path,
        `the directory ${dirname(path)} does not exist or can't be read: create it, or choose another path`,
        error,
      )
    )
  }
  if (stat?.isFile() === false) {
    const what = stat.isDirectory() ? 'is a directory; name a file in it' : 'is no regular file; name one'
    throw cannotOpen(path, `it ${what}`)
  }
  if (create) return
  if (stat === undefined) throw cannotOpen(path, 'the file is gone; restore it from a backup')
  if (stat.size === 0) throw cannotOpen(path, 'the file was emptied; restore it from a backup')
}

/** Refuses a file that is not a store of this package, before anything is written to it. */
export function validateFile(path: string): void {
  const size = fileSize(path)
  if (size === 0) return
  if (size < SMALLEST_PAGE_BYTES) {
    throw new RevocadeError(
      'ERR_STORE_CORRUPT',
      `the file ${path} is not an SQLite database, but ${size} bytes of other data: ` +
        'check its path. The file was not changed',
    )
  }
  // Open read-only if a WAL exists, since closing a writer would checkpoint it. Otherwise open read-write, so
  // that closing removes the empty WAL. Either way the file is unchanged.
  const readonly = fileSize(`${path}-wal`) > 0
  const db = openDatabase(path, { readonly, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
  try {
    // One snapshot: between two reads, another process may make a store of an empty file.
    db.transaction(() => validateSchema(db, path))()
  } catch (error) {
    throw toRevocadeError(error, 'open', path)
  } finally {
    db.close()
  }
}

function validateSchema(db: Connection, path: string): void {
  const applicationId = db.pragma('application_id', { simple: true })
  const version = Number(db.pragma('user_version', { simple: true }))
  const tables = db.prepare<[], string>('SELECT name FROM sqlite_schema').pluck().all()
  if (applicationId !== APPLICATION_ID) {
    if (applicationId === 0 && version === 0 && tables.length === 0) return // empty: becomes a store
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `${path} is a database of another application: choose another file for the store`,
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `the store ${path} has schema version ${version}, but this package knows only ${SCHEMA_VERSION}: ` +
        'update the package, or choose another file',
    )
  }
  const needed = ['revocations', 'head', 'epochs', 'namespaces', 'meta', ...(version < 2 ? [] : ['buckets'])]
  if (!needed.every((table) => tables.includes(table))) throw corrupt('lacks some of its tables')
}
