import { RevocadeError } from '../../../errors.js'
import type { Connection } from '../file/driver.js'
import { type NamespaceIdentity, prepareIdentityCheck } from '../file/store-identity.js'

/** Live rows in one message: 96 KiB, about 2 ms of reading. */
const ROWS_PER_CHUNK = 4096

/** Some live rows, packed; see `ScanChunk`. */
export interface PackedChunk {
  readonly digests: Int32Array<ArrayBuffer>
  readonly expiresAt: Float64Array<ArrayBuffer>
  readonly total: number
}

/** The position of a scan's snapshot, and the claim names of the selectors in it with their latest expiry. */
export interface PackedEnd {
  readonly seq: number
  readonly epoch: string
  readonly selectors: readonly (readonly [json: string, expiresAt: number])[]
}

/** The rows of a page, joined by SQLite: hexadecimal digests, comma-separated expiries. */
type RawPage = readonly [count: number, last: number | null, digests: string | null, expiries: string | null]

const NO_PAGE: RawPage = [0, null, null, null]

/**
 * Reads all live rows of a namespace in one read transaction, one chunk at a time.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the database holds another store or lacks the namespace.
 */
export function* scanChunks(
  db: Connection,
  namespace: NamespaceIdentity,
  liveAfter: number,
): Generator<PackedChunk, PackedEnd, void> {
  const isSameStore = prepareIdentityCheck(db, namespace)
  db.exec('BEGIN')
  if (!isSameStore())
    throw new RevocadeError('ERR_STORE_UNAVAILABLE', 'the store was replaced while in use: try again')
  const head = db.prepare<[], [number, string]>('SELECT seq, epoch FROM head WHERE id = 1').raw().get()
  const [seq, epoch] = head ?? [0, '']
  const total = db.prepare<[], number>('SELECT count(*) FROM revocations').pluck().get() ?? 0
  // SQLite joins each page into two strings: a row then takes a quarter of the time of a JavaScript array.
  // NOT INDEXED: read in order of `seq`; the index of (namespace, digest) would sort all rows for every page.
  const live = `FROM revocations NOT INDEXED
    WHERE seq > ? AND namespace = ${namespace.namespaceId} AND revoked = 1 AND expires_at > ?`
  const page = db
    .prepare<[after: number, liveAfter: number], RawPage>(
      `
    SELECT count(*), max(seq), group_concat(hex(digest), ''), group_concat(expires_at)
    FROM (SELECT seq, digest, expires_at ${live} ORDER BY seq LIMIT ${ROWS_PER_CHUNK})`,
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
