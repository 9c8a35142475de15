import { toRevocadeError } from '../errors.js'
import { openDatabase } from './driver.js'
import { validateFile } from './open-writer.js'

/** SQLite's own findings about a database file; none where all is well. Reads every page. */
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
 * Looks into a store file without an engine, for `doctor`: is it a store, one this version can read, undamaged?
 *
 * @param deep Compares every index with its table as well: slower, finds more.
 * @returns What is wrong in words; empty where nothing is.
 * @throws `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT` or `ERR_STORE_MISMATCH` where it can't even be looked into.
 */
export function checkIntegrity(path: string, deep = false): string[] {
  try {
    validateFile(path)
    return integrityProblems(path, deep ? 'integrity_check' : 'quick_check')
  } catch (error) {
    const told = toRevocadeError(error, 'read', path)
    if (told.code === 'ERR_STORE_CORRUPT') return [told.message]
    throw told
  }
}
