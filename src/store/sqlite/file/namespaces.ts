import { toRevocadeError } from '../errors.js'
import { openDatabase } from './driver.js'
import { fileSize } from './file-identity.js'
import { validateFile, validatePath } from './validate-file.js'

/**
 * The namespaces that a store file holds, without an engine. An engine makes its own when it opens the file,
 * so a caller that must not make one looks here first.
 *
 * @returns their names, oldest first; none in an empty file
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE, ERR_STORE_CORRUPT or ERR_STORE_MISMATCH when the file can't
 * be read
 */
export function readNamespaces(path: string): string[] {
  try {
    validatePath(path, true)
    validateFile(path)
    if (fileSize(path) === 0) return []
    const db = openDatabase(path, { readonly: true, fileMustExist: true })
    try {
      const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'namespaces'").get()
      if (table === undefined) return []
      return db.prepare<[], string>('SELECT name FROM namespaces ORDER BY id').pluck().all()
    } finally {
      db.close()
    }
  } catch (error) {
    throw toRevocadeError(error, 'open', path)
  }
}
