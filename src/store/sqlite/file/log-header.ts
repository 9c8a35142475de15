import { closeSync, openSync, readSync } from 'node:fs'

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
