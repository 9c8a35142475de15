import { closeSync, openSync, readSync } from 'node:fs'

/** Bytes at the beginning of a log, and before each page in it, by SQLite's file format. */
const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/** The first four bytes of a log, without the last bit. */
const MAGIC = 0x37_7f_06_82

/**
 * What a log begins with. After a crash SQLite ignores a log without a header: a commit to one would be lost.
 * That can happen where the log was deleted and another engine of this process still holds the old index.
 *
 * Unlike the database, the log may be opened and closed here: SQLite holds no locks on it.
 *
 * @param real The path of the database.
 */
export function logHeader(real: string): 'sound' | 'empty' | 'missing' {
  const file = openSync(`${real}-wal`, 'r')
  try {
    const bytes = Buffer.alloc(4)
    if (readSync(file, bytes, 0, 4, 0) < 4) return 'empty'
    return (bytes.readUInt32BE() & ~1) === MAGIC ? 'sound' : 'missing'
  } finally {
    closeSync(file)
  }
}

/**
 * Whether a log holds every page of the database: then SQLite reads nothing from the file. That is so after
 * another database was copied into the file through SQLite, until the log is folded.
 *
 * @param real The path of the database.
 */
export function logHoldsAllPages(real: string): boolean {
  const file = openSync(`${real}-wal`, 'r')
  try {
    const header = Buffer.alloc(LOG_HEADER_BYTES)
    if (readSync(file, header, 0, LOG_HEADER_BYTES, 0) < LOG_HEADER_BYTES) return false
    const step = FRAME_HEADER_BYTES + header.readUInt32BE(8)
    const frame = Buffer.alloc(FRAME_HEADER_BYTES)
    const committed = new Set<number>()
    let pages: number[] = []
    let size = 0
    for (let at = LOG_HEADER_BYTES; ; at += step) {
      if (readSync(file, frame, 0, FRAME_HEADER_BYTES, at) < FRAME_HEADER_BYTES) break
      // The salts of an earlier log: what follows was written before this log began.
      if (frame.compare(header, 16, 24, 8, 16) !== 0) break
      pages.push(frame.readUInt32BE(0))
      const pagesInAll = frame.readUInt32BE(4) // 0 but in the last frame of a commit
      if (pagesInAll === 0) continue
      size = pagesInAll
      for (const page of pages) committed.add(page)
      pages = []
    }
    for (let page = 1; page <= size; page++) if (!committed.has(page)) return false
    return size > 0
  } finally {
    closeSync(file)
  }
}
