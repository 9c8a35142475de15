import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bytes } from '../output/format-numbers.js'
import { median } from '../statistics.js'
import { fail, type Finding, millisecondsText, ok, warn, why } from './finding.js'

const SYNCS = 9
const REVOCATIONS = 9
const LARGE_WAL_BYTES = 256 * 1024 * 1024
/** Milliseconds above which a sync makes every revocation noticeably slow. */
const SLOW_SYNC_MS = 100

/** Tests writing in a temporary directory beside the store. */
export async function checkWriting(directory: string): Promise<Finding[]> {
  let scratch: string
  try {
    scratch = await mkdtemp(join(directory, '.revocade-doctor-'))
  } catch (error) {
    return [
      fail(
        'directory',
        `${directory} can't be written: ${why(error)}`,
        'Let this user write there: SQLite keeps its log beside the file.',
      ),
    ]
  }
  try {
    return [
      ok('directory', `${directory} can be written`),
      await syncedWrite(scratch),
      ...(await realStore(scratch)),
    ]
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function syncedWrite(directory: string): Promise<Finding> {
  const times: number[] = []
  try {
    const file = await open(join(directory, 'probe'), 'wx')
    try {
      for (let i = 0; i < SYNCS; i++) {
        const started = performance.now()
        await file.write(Buffer.alloc(4096, i))
        await file.sync()
        times.push(performance.now() - started)
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    return fail('fsync', why(error), 'The disk refuses to write. See the log of the system.')
  }
  const detail = `${millisecondsText(median(times))} for a written and synced page (median of ${SYNCS})`
  return median(times) > SLOW_SYNC_MS
    ? warn('fsync', detail, 'Slow: each revocation waits for one sync. Use a faster disk.')
    : ok('fsync', detail)
}

/** Checks the driver, the journal mode and the time of a durable revocation in a temporary store. */
async function realStore(directory: string): Promise<Finding[]> {
  try {
    const { createRevocade } = await import('../../create-revocade.js')
    const engine = await createRevocade({
      store: join(directory, 'probe.db'),
      prefilter: { kind: 'none' },
      snapshot: false,
    })
    try {
      const expiresAt = Math.floor(Date.now() / 1000) + 60
      const times: number[] = []
      for (let i = 0; i < REVOCATIONS; i++) {
        const started = performance.now()
        await engine.revoke({ jti: `probe-${i}` }, { expiresAt })
        times.push(performance.now() - started)
      }
      const { journalMode, synchronous, sqliteVersion } = engine.stats().store
      return [
        sqlite(String(sqliteVersion)),
        durability(String(journalMode), String(synchronous)),
        ok(
          'revocation',
          `${millisecondsText(median(times))} until durable (median of ${REVOCATIONS}, in a temporary store)`,
        ),
      ]
    } finally {
      await engine.close()
    }
  } catch (error) {
    return [
      fail('revocation', why(error), 'A new store beside this one does not work either: see the message.'),
    ]
  }
}

/**
 * Checks the version: before 3.51.3, several connections can hit a race while one resets the write-ahead log.
 */
export function sqlite(version: string): Finding {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const fixed = major > 3 || (major === 3 && (minor > 51 || (minor === 51 && patch >= 3)))
  if (fixed) return ok('SQLite', version)
  return warn(
    'SQLite',
    version,
    'Update better-sqlite3: SQLite before 3.51.3 has a WAL-reset race that can damage a store.',
  )
}

function durability(journalMode: string, synchronous: string): Finding {
  const detail = `journal_mode ${journalMode}, synchronous ${synchronous}, read back`
  if (journalMode === 'wal' && synchronous === 'full') return ok('durability', detail)
  return fail(
    'durability',
    detail,
    'Acknowledged revocations may be lost in a power failure. Use a local file system.',
  )
}

/** Checks the size of the write-ahead log, in bytes. */
export function walSize(size: number): Finding {
  const detail = bytes(size)
  if (size <= LARGE_WAL_BYTES) return ok('write-ahead log', detail)
  return warn(
    'write-ahead log',
    detail,
    'It grows while some process keeps a read open. Find and restart that process.',
  )
}
