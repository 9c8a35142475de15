import type { HeldFile } from './held-file.js'
import { onlyRecordOf } from './raw-record.js'

const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100

/** A place in the history of a database. */
export interface DatabasePosition {
  /** The newest change. */
  readonly seq: number
  readonly epoch: string
  /** Grows with each commit of refresh tokens, too. */
  readonly commits: number
}

/** What a database file says without its log: how far the log has been folded into it. */
export interface DatabaseHead extends DatabasePosition {
  /** Of the commit of that change, in hexadecimal. */
  readonly tag: string
  /** SQLite's file change counter. It never goes down. */
  readonly counter: number
}

/**
 * Reads the head past SQLite and its log.
 *
 * @param rootPage Of the table **head**.
 * @returns undefined if there is none, as in a new file whose log was never folded, or in one that is being
 * overwritten
 */
export function readDatabaseHead(file: HeldFile, rootPage: number): DatabaseHead | undefined {
  const header = file.read(0, HEADER_BYTES)
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const size = header.readUInt16BE(16)
  const pageSize = size === 1 ? 65_536 : size
  const [, seq, epoch, tag, commits] = onlyRecordOf(file.read((rootPage - 1) * pageSize, pageSize)) ?? []
  if (typeof seq !== 'number' || typeof epoch !== 'string') return undefined
  const counter = header.readUInt32BE(24)
  return {
    seq,
    epoch,
    tag: Buffer.isBuffer(tag) ? tag.toString('hex') : '',
    // Absent from a row that was written before the column was added.
    commits: typeof commits === 'number' ? commits : 0,
    counter,
  }
}
