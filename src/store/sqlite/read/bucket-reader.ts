import { bucketOf, rangeOf, WHOLE_READ_MAX_ROWS } from '../../../buckets/layout.js'
import type { BucketEntry, BucketRead, BucketVersion, BucketVersions } from '../../../ports/bucket-source.js'
import type { Change } from '../../../ports/index.js'
import type { Connection } from '../file/driver.js'

type RawVersion = readonly [bucket: number, seq: number, tag: Buffer]
type RawEntry = readonly [digest: Buffer, revoked: number, expiresAt: number, issuedThrough: number | null]
/**
 * The rows of a bucket, joined by SQLite: hexadecimal digests, comma-separated times; null if there are none.
 */
type RawBucket = readonly [digests: string | null, expiries: string | null, cutoffs: string | null]

const NO_TAG = Buffer.alloc(8)

/** A whole bucket, in a form that is cheap to send between threads: see {@link toBucketRead}. */
export type PackedRead =
  | Exclude<BucketRead, { status: 'ok' }>
  | {
      readonly status: 'ok'
      readonly version: BucketVersion
      readonly rows: number
      readonly packed: RawBucket | undefined
    }

/** Reads buckets and their versions on a given connection. */
export class BucketReader {
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: Connection, namespace: number) {
    this.#statements = prepare(db, namespace)
  }

  /** The versions of all buckets. Call it inside a read transaction. */
  all(): BucketVersions {
    return { bits: this.#bits(), versions: this.#statements.all.all().map(toVersion) }
  }

  /** The versions of the buckets of some changes. Call it inside the read transaction of the changes. */
  of(changes: readonly Change[]): BucketVersions {
    const bits = this.#bits()
    const buckets = new Set(changes.map(({ digest }) => bucketOf(digest, bits)))
    return { bits, versions: [...buckets].map((bucket) => this.#version(bucket)) }
  }

  /**
   * What changed in a bucket since a version, from one snapshot; undefined if its recent history lacks the
   * version.
   */
  changes(bucket: number, bits: number, since: Pick<BucketVersion, 'seq' | 'tag'>): BucketRead | undefined {
    return this.#snapshot((): BucketRead | undefined => {
      if (this.#bits() !== bits) return { status: 'layout-changed' }
      const version = this.#version(bucket)
      if (!this.#isRecent(bucket, version, since)) return undefined
      const { from, to } = rangeOf(bucket, bits)
      const { count, changed } = this.#statements
      return {
        status: 'ok',
        version,
        whole: false,
        rows: count.get(from, to) ?? 0,
        entries: changed.all(from, to, since.seq).map(toEntry),
      }
    })
  }

  /** A whole bucket from one snapshot. */
  whole(bucket: number, bits: number): PackedRead {
    return this.#snapshot((): PackedRead => {
      if (this.#bits() !== bits) return { status: 'layout-changed' }
      const version = this.#version(bucket)
      const { from, to } = rangeOf(bucket, bits)
      const { count, live } = this.#statements
      const rows = count.get(from, to) ?? 0
      if (rows > WHOLE_READ_MAX_ROWS) return { status: 'too-large', rows }
      return { status: 'ok', version, rows, packed: live.get(from, to) }
    })
  }

  #snapshot<T>(read: () => T): T {
    const { begin, end } = this.#statements
    begin.run()
    try {
      return read()
    } finally {
      end.run()
    }
  }

  #bits(): number {
    return this.#statements.bits.get() ?? 0
  }

  #version(bucket: number): BucketVersion {
    const raw = this.#statements.version.get(bucket)
    return raw === undefined ? { bucket, seq: 0, tag: NO_TAG } : toVersion(raw)
  }

  #isRecent(bucket: number, version: BucketVersion, { tag }: Pick<BucketVersion, 'tag'>): boolean {
    if (Buffer.compare(version.tag, tag) === 0) return true
    const earlier = this.#statements.earlier.get(bucket) ?? NO_TAG.subarray(0, 0)
    for (let at = 0; at < earlier.length; at += 8) if (earlier.subarray(at, at + 8).equals(tag)) return true
    return false
  }
}

const toVersion = ([bucket, seq, tag]: RawVersion): BucketVersion => ({ bucket, seq, tag })

/** Unpacks a whole bucket. */
export function toBucketRead(read: PackedRead): BucketRead {
  if (read.status !== 'ok') return read
  const { version, rows, packed } = read
  return { status: 'ok', version, whole: true, rows, entries: unpack(packed) }
}

const toEntry = ([digest, revoked, expiresAt, issuedThrough]: RawEntry): BucketEntry => ({
  digest,
  revoked: revoked === 1,
  expiresAt,
  ...(issuedThrough === null ? {} : { issuedThrough }),
})

function unpack([digests, expiries, cutoffs]: RawBucket = [null, null, null]): BucketEntry[] {
  if (digests === null || expiries === null || cutoffs === null) return []
  const bytes = Buffer.from(digests, 'hex')
  const issuedThrough = cutoffs.split(',')
  return expiries.split(',').map((expiresAt, i) => ({
    digest: bytes.subarray(i * 16, (i + 1) * 16),
    revoked: true,
    expiresAt: Number(expiresAt),
    ...(issuedThrough[i] === '' ? {} : { issuedThrough: Number(issuedThrough[i]) }),
  }))
}

function prepare(db: Connection, namespace: number) {
  // The index of (namespace, digest) contains the rowid, which is `seq`, so it skips rows that did not
  // change.
  const range = `FROM revocations WHERE namespace = ${namespace} AND digest >= ? AND digest < ?`
  // An entry that starts later must not revoke by itself: see `BucketEntry`.
  const expiry = 'iif(not_before IS NULL, expires_at, 0)'
  const version = `SELECT bucket, seq, tag FROM buckets WHERE namespace = ${namespace}`
  return {
    begin: db.prepare<[]>('BEGIN'),
    end: db.prepare<[]>('COMMIT'),
    bits: db.prepare<[], number>(`SELECT bucket_bits FROM namespaces WHERE id = ${namespace}`).pluck(),
    all: db.prepare<[], RawVersion>(version).raw(),
    version: db.prepare<[bucket: number], RawVersion>(`${version} AND bucket = ?`).raw(),
    earlier: db
      .prepare<[bucket: number], Buffer>(
        `SELECT earlier FROM buckets WHERE namespace = ${namespace} AND bucket = ?`,
      )
      .pluck(),
    count: db.prepare<[from: Uint8Array, to: Uint8Array], number>(`SELECT count(*) ${range}`).pluck(),
    // One row of joined strings takes half the time of many rows.
    live: db
      .prepare<[from: Uint8Array, to: Uint8Array], RawBucket>(
        `
      SELECT group_concat(hex(digest), ''), group_concat(${expiry}), group_concat(ifnull(issued_through, ''))
      ${range} AND revoked = 1`,
      )
      .raw(),
    changed: db
      .prepare<[from: Uint8Array, to: Uint8Array, after: number], RawEntry>(
        `SELECT digest, revoked, ${expiry}, issued_through ${range} AND seq > ?`,
      )
      .raw(),
  }
}
