import { toRevocadeError } from '../errors.js'
import { type Connection, sqliteCode } from '../file/driver.js'
import { openReader } from '../file/open-reader.js'
import type { JobData } from '../thread-messages.js'
import { type PackedChunk, type PackedEnd, scanChunks } from './scan-chunks.js'

/** About 4000 rows at most: reading them takes 2 ms or less, and starting a thread ten times as much. */
const MAX_BYTES = 256 * 1024

/** What a scan of a small store has read. */
export interface SmallScan {
  readonly chunks: readonly PackedChunk[]
  readonly end: PackedEnd
}

/**
 * Reads all live rows of a small store in this thread, at once; undefined if the store is larger, or if
 * another connection holds a lock that would have to be waited for.
 */
export function scanSmall({ at, namespace, liveAfter }: JobData & { job: 'scan' }): SmallScan | undefined {
  let db: Connection | undefined
  try {
    db = openReader(at, 0)
    if (sizeOf(db) > MAX_BYTES) return undefined
    const chunks: PackedChunk[] = []
    const scan = scanChunks(db, namespace, liveAfter)
    let step = scan.next()
    for (; step.done !== true; step = scan.next()) chunks.push(step.value)
    return { chunks, end: step.value }
  } catch (error) {
    if (sqliteCode(error).startsWith('SQLITE_BUSY')) return undefined
    throw toRevocadeError(error, 'read', at.place.real)
  } finally {
    db?.close()
  }
}

/** With what only its log holds. */
const sizeOf = (db: Connection): number =>
  Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }))
