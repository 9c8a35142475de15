import { type Connection, openDatabase } from './driver.js'
import { fileSize } from './file-identity.js'
import { resolveStorePath } from './store-path.js'

/**
 * SQL: the largest clock tolerance, in seconds, of the engines that were opened on the store. Some verifier
 * may accept a token for so long past its expiry, so no engine may delete or narrow its revocation earlier.
 */
export const TOLERANCE_SQL =
  "(SELECT ifnull(max(CAST(value AS INTEGER)), 0) FROM meta WHERE key = 'clock_tolerance')"

/**
 * Raises the store's tolerance to that of an engine; never lowers it.
 *
 * @returns The store's tolerance afterwards, in seconds.
 */
export function raiseTolerance(db: Connection, seconds: number): number {
  const kept = readTolerance(db)
  if (kept >= seconds) return kept
  db.prepare<[value: Buffer]>(
    `INSERT INTO meta VALUES ('clock_tolerance', ?) ON CONFLICT DO UPDATE SET value = excluded.value
      WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)`,
  ).run(Buffer.from(String(Math.ceil(seconds))))
  return readTolerance(db)
}

/** The store's tolerance in seconds; 0 if no engine has told one. */
export function readTolerance(db: Connection): number {
  return db.prepare<[], number>(`SELECT ${TOLERANCE_SQL}`).pluck().get() ?? 0
}

/**
 * The tolerance of the store in a file, for a program that has none of its own.
 *
 * @returns Seconds; undefined if there is no store or it can't be read: opening it says why.
 */
export function toleranceOf(path: string): number | undefined {
  const { real } = resolveStorePath(path)
  if (fileSize(real) === 0) return undefined
  let db: Connection | undefined
  try {
    // As in `validateFile`: the file and its log are left as they are.
    db = openDatabase(real, { readonly: fileSize(`${real}-wal`) > 0, fileMustExist: true })
    const told = db.prepare<[], number>("SELECT count(*) FROM meta WHERE key = 'clock_tolerance'").pluck()
    return told.get() === 1 ? readTolerance(db) : undefined
  } catch {
    return undefined
  } finally {
    db?.close()
  }
}
