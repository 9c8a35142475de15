import { statSync } from 'node:fs'

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

/** The size of a file in bytes; 0 if there is none. */
export function fileSize(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    return 0
  }
}
