import { statSync } from 'node:fs'

/**
 * Which file stands at a path, by device and inode; undefined where there is none. SQLite keeps its file open, so while
 * a connection lives no other file can get the same inode: equal means not replaced.
 *
 * Never open or read the file itself for that: closing any descriptor of it drops the locks (POSIX) that
 * SQLite's own connections in this process hold.
 *
 * @param empty Whether an empty file counts: a log is one at first, a store never again.
 */
export function fileIdentity(path: string, empty: 'counts' | 'is none' = 'is none'): string | undefined {
  let stat
  try {
    stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined // no permission to look: as good as gone
  }
  if (stat === undefined || (stat.size === 0n && empty === 'is none')) return undefined
  return `${stat.dev}:${stat.ino}`
}

/** The size of a file in bytes, 0 where there is none. */
export function fileSize(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    return 0
  }
}
