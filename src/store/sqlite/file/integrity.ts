import { toRevocadeError } from '../errors.js'
import { openDatabase } from './driver.js'
import { validateFile } from './validate-file.js'

/** The problems that SQLite finds in a database file; none in a sound one. Reads every page. */
export function integrityProblems(path: string, pragma: 'integrity_check' | 'quick_check'): string[] {
  const db = openDatabase(path, { readonly: true, fileMustExist: true })
  try {
    const found = db.prepare<[], string>(`PRAGMA ${pragma}(10)`).pluck().all()
    return found.length === 1 && found[0] === 'ok' ? [] : found
  } finally {
    db.close()
  }
}

/**
 * Examines a store file without an engine, for `doctor`: whether it is a store that this version can read,
 * and sound.
 *
 * @param deep Also compares every index with its table, which is slower and finds more.
 * @returns The problems in words; none in a sound file.
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE or ERR_STORE_MISMATCH when the file can't be examined.
 */
export function checkIntegrity(path: string, deep = false): string[] {
  try {
    validateFile(path)
    return integrityProblems(path, deep ? 'integrity_check' : 'quick_check')
  } catch (error) {
    const reason = toRevocadeError(error, 'read', path)
    if (reason.code === 'ERR_STORE_CORRUPT') return [reason.message]
    throw reason
  }
}
