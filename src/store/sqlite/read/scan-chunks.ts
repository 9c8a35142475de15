import type { Connection } from '../file/driver.js'

/** Live digests in one message: 80 KiB, a couple of milliseconds of reading. */
const CHUNK = 4096

/** A packed run of live rows; see `ScanChunk`. */
export interface PackedChunk {
  readonly digests: Int32Array<ArrayBuffer>
  readonly expiresAt: Float64Array<ArrayBuffer>
  readonly total: number
}

/** Where the snapshot of a scan stands, and the selector shapes it met with their latest expiry. */
export interface PackedEnd {
  readonly seq: number
  readonly epoch: string
  readonly selectors: readonly (readonly [json: string, expiresAt: number])[]
}

/** The rows of a page as SQLite joins them: hexadecimal digests, comma-separated expiries. */
type RawPage = readonly [count: number, last: number | null, digests: string | null, expiries: string | null]

const NO_PAGE: RawPage = [0, null, null, null]

/** Reads all live rows of a namespace in one read transaction, a chunk at a time. */
export function* scanChunks(
  db: Connection,
  namespaceId: number,
  liveAfter: number,
): Generator<PackedChunk, PackedEnd, void> {
  db.exec('BEGIN')
  const head = db.prepare<[], [number, string]>('SELECT seq, epoch FROM head WHERE id = 1').raw().get()
  const [seq, epoch] = head ?? [0, '']
  const total = db.prepare<[], number>('SELECT count(*) FROM revocations').pluck().get() ?? 0
  // SQLite packs each page into two strings itself: a row costs a quarter of what it costs as a JavaScript array.
  // NOT INDEXED: by the log, not by the index of (namespace, digest), which would sort all of it for every page.
  const live = `FROM revocations NOT INDEXED
    WHERE seq > ? AND namespace = ${namespaceId} AND revoked = 1 AND expires_at > ?`
  const page = db
    .prepare<[after: number, liveAfter: number], RawPage>(
      `
    SELECT count(*), max(seq), group_concat(hex(digest), ''), group_concat(expires_at)
    FROM (SELECT seq, digest, expires_at ${live} ORDER BY seq LIMIT ${CHUNK})`,
    )
    .raw()
  for (let after = 0; ;) {
    const [count, last, digests, expiries] = page.get(after, liveAfter) ?? NO_PAGE
    if (last === null || digests === null || expiries === null) break
    after = last
    const words = new Int32Array(count * 4)
    Buffer.from(words.buffer).write(digests, 'hex')
    yield { digests: words, expiresAt: Float64Array.from(expiries.split(','), Number), total }
  }
  const selectors = db
    .prepare<[after: number, liveAfter: number], [json: string, expiresAt: number]>(
      `SELECT selector, max(expires_at) ${live} AND selector IS NOT NULL GROUP BY selector`,
    )
    .raw()
    .all(0, liveAfter)
  db.exec('COMMIT')
  return { seq, epoch, selectors }
}
