import { toRevocadeError } from '../errors.js'
import { openDatabase } from './driver.js'
import { integrityProblems } from './integrity.js'
import { validateFile } from './validate-file.js'

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
    const db = openDatabase(path, { readonly: true, fileMustExist: true })
    return integrityProblems(db, deep ? 'integrity_check' : 'quick_check')
  } catch (error) {
    const reason = toRevocadeError(error, 'read', path)
    if (reason.code === 'ERR_STORE_CORRUPT') return [reason.message]
    throw reason
  }
}
