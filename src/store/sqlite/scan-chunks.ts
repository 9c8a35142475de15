import type { Connection } from './driver.js'

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

/** Reads all live rows of a namespace in one read transaction, a chunk at a time. */
export function* scanChunks(db: Connection, namespaceId: number, liveAfter: number): Generator<PackedChunk, PackedEnd, void> {
  db.exec('BEGIN')
  const [seq, epoch] = db.prepare<[], [number, string]>('SELECT seq, epoch FROM head WHERE id = 1').raw().get() ?? [0, '']
  const total = db.prepare<[], number>('SELECT count(*) FROM revocations').pluck().get() ?? 0
  // Pages by key, because `all` of a page is about twice as fast as stepping through an iterator.
  const page = db.prepare<[after: number, liveAfter: number], [seq: number, digest: Buffer, expiresAt: number, selector: string | null]>(`
    SELECT seq, digest, expires_at, selector FROM revocations
    WHERE seq > ? AND namespace = ${namespaceId} AND revoked = 1 AND expires_at > ?
    ORDER BY seq LIMIT ${CHUNK}`).raw()
  const selectors = new Map<string, number>()
  let after = 0
  for (;;) {
    const rows = page.all(after, liveAfter)
    const digests = new Int32Array(rows.length * 4)
    const bytes = Buffer.from(digests.buffer)
    const expiries = new Float64Array(rows.length)
    let i = 0
    for (const [, digest, expiresAt, selector] of rows) {
      bytes.set(digest, i * 16)
      expiries[i++] = expiresAt
      if (selector !== null && expiresAt > (selectors.get(selector) ?? 0)) selectors.set(selector, expiresAt)
    }
    if (rows.length > 0) yield { digests, expiresAt: expiries, total }
    const last = rows.at(-1)
    if (last === undefined || rows.length < CHUNK) break
    after = last[0]
  }
  db.exec('COMMIT')
  return { seq, epoch, selectors: [...selectors] }
}
