import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setupError } from '../setup-error.js'
import { cannotOpen, validatePath } from './validate-file.js'

/** What keeps a process from writing a store. */
export interface Obstacle {
  /** The file or directory that it may not write. */
  readonly file: string
  readonly error: unknown
}

/**
 * Finds what keeps this process from committing to the store at a path; undefined: nothing does. SQLite opens
 * such a store all the same, and fails at the first commit.
 */
export function findObstacle(path: string): Obstacle | undefined {
  const files = [path, `${path}-wal`, `${path}-shm`]
  const there = files.filter((file) => existsSync(file))
  // SQLite makes what is missing.
  for (const file of there.length < files.length ? [...there, dirname(path)] : there) {
    try {
      accessSync(file, constants.R_OK | constants.W_OK)
    } catch (error) {
      return { file, error }
    }
  }
  return undefined
}

/**
 * Refuses a path at which no store file can be, or none that this process can write. It could answer, but no
 * token could ever be revoked.
 *
 * @param create False: the file must exist and not be empty.
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE
 */
export function validatePlace(path: string, create: boolean): void {
  validatePath(path, create)
  const obstacle = findObstacle(path)
  if (obstacle === undefined) return
  const { file, error } = obstacle
  const why = isReadOnlyMount(error)
    ? 'is on a read-only file system'
    : "can't be read and written by this user"
  const remedy =
    'let this user write the file, its log (-wal), the index of the log (-shm) and their directory. ' +
    "'revocade check', 'list' and 'export' need only read it"
  throw (
    setupError(error) ?? cannotOpen(path, `${file} ${why}, so no token could be revoked: ${remedy}`, error)
  )
}

const isReadOnlyMount = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EROFS'
