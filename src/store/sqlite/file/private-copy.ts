import { chmodSync, copyFileSync, rmSync, statSync } from 'node:fs'
import { type Connection, openDatabase } from './driver.js'
import { resolveStorePath } from './store-path.js'
import { cannotOpen } from './validate-file.js'
import { findObstacle } from './writable.js'

/** Attempts to copy files that others write meanwhile. */
const ATTEMPTS = 3

/**
 * Copies a store that this process may only read: SQLite can't open it without writing beside it, unless the
 * log and its index are there.
 *
 * The files are opened and closed here, which would drop the locks of connections of this process to them. So
 * it is for programs that have none.
 *
 * @param to Where the copy is made. No file may be there.
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when it can't be read, or can't be copied there.
 */
export function copyStore(path: string, to: string): void {
  const { real } = resolveStorePath(path)
  if (!copyBySqlite(real, to)) copyFiles(real, to)
}

/** Whether this process may only read the store at a path. */
export function isReadOnly(path: string): boolean {
  return findObstacle(resolveStorePath(path).real) !== undefined
}

/** One snapshot, also while others write. It fails without a log, and for a damaged file. */
function copyBySqlite(real: string, to: string): boolean {
  let db: Connection | undefined
  try {
    db = openDatabase(real, { readonly: true, fileMustExist: true })
    db.prepare('VACUUM INTO ?').run(to)
    return true
  } catch {
    rmSync(to, { force: true })
    return false
  } finally {
    db?.close()
  }
}

/** As they are, damaged or not: opening the copy says so. */
function copyFiles(real: string, to: string): void {
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const before = stamp(real)
      copyFile(real, to)
      if (isThere(`${real}-wal`)) copyFile(`${real}-wal`, `${to}-wal`)
      if (stamp(real) === before) return
      rmSync(`${to}-wal`, { force: true })
    }
  } catch (error) {
    throw cannotOpen(
      real,
      `it could not be copied to ${to}: let this user read it, or set TMPDIR to a directory with room`,
      error,
    )
  }
  throw cannotOpen(real, 'others write it, and this process may only read it: try again')
}

function copyFile(from: string, to: string): void {
  rmSync(to, { force: true })
  copyFileSync(from, to)
  chmodSync(to, 0o600) // the mode is copied, too
}

/** Changes when the database or its log is written to. */
function stamp(real: string): string {
  return ['', '-wal']
    .map((suffix) => statSync(`${real}${suffix}`, { bigint: true, throwIfNoEntry: false }))
    .map((stat) => (stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`))
    .join(', ')
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined
