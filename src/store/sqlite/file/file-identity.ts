import { statSync } from 'node:fs'
import { RevocadeError } from '../../../errors.js'
import { resolveStorePath, type StorePath } from './store-path.js'

/**
 * The device and inode of the file at a path; undefined if there is none. Equal identities mean that the file
 * was not replaced: SQLite keeps its file open, so no other file gets its inode while a connection lives.
 *
 * The file itself must never be opened for this: closing any descriptor of it drops the POSIX locks that
 * SQLite's connections in this process hold.
 *
 * @param empty Whether an empty file counts. A log is empty at first; a store is never empty again.
 */
export function fileIdentity(path: string, empty: 'counts' | 'is none' = 'is none'): string | undefined {
  let stat
  try {
    stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined // no permission to look: the file can't be used either
  }
  if (stat === undefined || (stat.size === 0n && empty === 'is none')) return undefined
  return `${stat.dev}:${stat.ino}`
}

/**
 * The files that SQLite makes one store of; undefined: there is no such file. The log and its index belong to
 * it: a commit to a log that was deleted, or through another index, would be found by nobody.
 */
export interface FileIdentities {
  /** The path of the database, links resolved: the log is named after it. */
  readonly real: string
  /** Of the database, by the path as it was given. */
  readonly db: string | undefined
  readonly wal: string | undefined
  readonly shm: string | undefined
}

type LogIdentities = Pick<FileIdentities, 'wal' | 'shm'>

/** The files that a connection is open on, and the path that must still lead to them. */
export interface OpenFiles {
  readonly place: StorePath
  readonly files: FileIdentities
}

/** Identifies the files at a path. */
export function fileIdentities({ given, real }: StorePath): FileIdentities {
  // A link may lead to another name of the same file by now: another log would belong to it.
  const leadsTo = given === real ? real : resolveStorePath(given).real
  return { real: leadsTo, db: fileIdentity(given), ...logIdentities(real) }
}

/** Identifies the log and its index. A connection keeps them open, like the database. */
export function logIdentities(real: string): LogIdentities {
  return { wal: fileIdentity(`${real}-wal`, 'counts'), shm: fileIdentity(`${real}-shm`, 'counts') }
}

/** Whether two looks at a path found the same files. */
export function areSameFiles(one: FileIdentities, other: FileIdentities): boolean {
  return one.real === other.real && one.db === other.db && one.wal === other.wal && one.shm === other.shm
}

/**
 * Refuses to go on when the path no longer leads to the files that are open.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE
 */
export function assertInPlace({ place, files }: OpenFiles): void {
  if (!areSameFiles(fileIdentities(place), files)) throw takenAway(place.given)
}

/** The error of a store whose files are not the ones that were opened. */
export const takenAway = (path: string): RevocadeError =>
  new RevocadeError(
    'ERR_STORE_UNAVAILABLE',
    `the store ${path} was replaced or deleted while in use: restore it from a backup`,
  )

/** The size of a file in bytes; 0 if there is none. */
export function fileSize(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    return 0
  }
}
