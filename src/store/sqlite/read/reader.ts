import { endianness } from 'node:os'
import type {
  AllBucketVersions,
  BucketVersions,
  Change,
  DecidingRow,
  Digest,
  Position,
  StoredRow,
  StoreQuery,
} from '../../../ports/index.js'
import { type RawDecidingRow, type RawRow, toDecidingRow, toStoredRow } from '../../format/stored-row.js'
import { selectorNames } from '../../format/target.js'
import type { DatabasePosition } from '../file/database-head.js'
import { type Connection, sqliteCode } from '../file/driver.js'
import type { OpenFiles } from '../file/file-identity.js'
import { openReader } from '../file/open-reader.js'
import { type NamespaceIdentity, prepareIdentityCheck } from '../file/store-identity.js'
import { TOLERANCE_SQL } from '../file/tolerance.js'
import { BucketReader } from './bucket-reader.js'
import { type RawChange, ROW_COLUMNS } from './rows.js'
import { SessionReader } from './session-reader.js'

type RawHead = readonly [seq: number, epoch: string, commits: number]

/** The changes after a position, and the position they lead to. */
export interface Tail {
  readonly changes: readonly Change[]
  readonly position: Position
  readonly more: boolean
  readonly head: Position
  readonly buckets?: BucketVersions
}

/**
 * Milliseconds that a read waits for a lock. Only WAL recovery takes one, and the event loop is blocked
 * meanwhile.
 */
const BUSY_TIMEOUT_MS = 250

// A digest's 16 bytes are the memory of its four words, and the file has them in little-endian order.
if (endianness() !== 'LE')
  throw new Error('revocade stores digests little-endian: this machine is big-endian')

/** The read connection of the main thread. Each call reads one snapshot. */
export class Reader {
  readonly buckets: BucketReader
  readonly sessions: SessionReader
  readonly #db: Connection
  readonly #namespace: number
  readonly #statements: ReturnType<typeof prepare>
  readonly #holdsNamespace: () => boolean
  /** SQLite's `data_version` at which the database was last seen to hold the namespace. */
  #provenAt = -1
  readonly #digest = Buffer.alloc(16)
  readonly #words = new Int32Array(this.#digest.buffer, this.#digest.byteOffset, 4)

  constructor(at: OpenFiles, namespace: NamespaceIdentity) {
    const { namespaceId } = namespace
    this.#namespace = namespaceId
    this.#db = openReader(at, BUSY_TIMEOUT_MS)
    try {
      this.#statements = prepare(this.#db, namespaceId)
      this.#holdsNamespace = prepareIdentityCheck(this.#db, namespace)
      this.buckets = new BucketReader(this.#db, namespaceId)
      this.sessions = new SessionReader(this.#db, namespaceId)
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** Changes whenever any other connection has committed. */
  dataVersion(): number {
    return this.#statements.dataVersion.get() ?? -1
  }

  /**
   * Whether the database still holds the store and the namespace that were opened: another database may have
   * been copied into it. It is asked once per commit of others.
   */
  isSameStore(): boolean {
    const version = this.dataVersion() // before the question: a commit in between is asked about again
    if (version === this.#provenAt) return true
    try {
      if (!this.#holdsNamespace()) return false
    } catch (error) {
      if (sqliteCode(error) === 'SQLITE_ERROR') return false // a table is missing
      throw error
    }
    this.#provenAt = version
    return true
  }

  /** The root page of the table **head**. */
  get headPage(): number {
    return this.#statements.headPage.get() ?? 0
  }

  /** Whether the history contains a position, or no longer goes back that far. */
  mayContain({ seq, epoch, commits }: DatabasePosition): boolean {
    const [lastSeq, , lastCommits] = this.#statements.head.get() ?? [0, '', 0]
    return seq <= lastSeq && commits <= lastCommits && (this.#epochAt(seq) ?? epoch) === epoch
  }

  get(digest: Digest): StoredRow | undefined {
    this.#words.set(digest)
    const row = this.#statements.get.get(this.#digest)
    return row === undefined ? undefined : toStoredRow(row)
  }

  getDeciding(digest: Digest): DecidingRow | undefined {
    this.#words.set(digest)
    const row = this.#statements.getDeciding.get(this.#digest)
    return row === undefined ? undefined : toDecidingRow(row)
  }

  /** See {@link TOLERANCE_SQL}. */
  toleranceSeconds(): number {
    return this.#statements.tolerance.get() ?? 0
  }

  head(): Position {
    const [seq, epoch] = this.#statements.head.get() ?? [0, '']
    return { seq, epoch }
  }

  /**
   * The changes after a position, from one snapshot; undefined if the history does not contain `after` or
   * `seen`.
   *
   * @param buckets Whether to return the versions of the changed buckets.
   */
  tail(after: Position, seen: Position, limit: number, buckets: boolean): Tail | undefined {
    const { begin, end, changes } = this.#statements
    begin.run()
    try {
      const head = this.head()
      if (!this.#isPast(after, head) || (seen !== after && !this.#isPast(seen, head))) return undefined
      const rows = after.seq === head.seq ? [] : changes.all(after.seq, limit)
      const last = rows.length < limit ? undefined : rows.at(-1)
      const position = last === undefined ? head : { seq: last[0], epoch: this.#epochAt(last[0]) ?? '' }
      const tail = { changes: this.#ofNamespace(rows), position, more: last !== undefined, head }
      return buckets ? { ...tail, buckets: this.buckets.of(tail.changes) } : tail
    } finally {
      end.run()
    }
  }

  /** The versions of all buckets and the head, from one snapshot. */
  bucketVersions(): AllBucketVersions {
    const { begin, end } = this.#statements
    begin.run()
    try {
      return { ...this.buckets.all(), position: this.head() }
    } finally {
      end.run()
    }
  }

  list({ afterSeq, limit, liveAfter, kind }: StoreQuery): StoredRow[] {
    const only = kind === undefined ? -1 : kind === 'selector' ? 1 : 0
    return this.#statements.list.all(afterSeq, liveAfter ?? -1, only, only, limit).map(toStoredRow)
  }

  close(): void {
    this.#db.close()
  }

  /** Whether the history that ends in `head` contains a position. */
  #isPast({ seq, epoch }: Position, head: Position): boolean {
    if (seq === 0) return true
    if (seq > head.seq) return false
    return (epoch === head.epoch && seq === head.seq) || this.#epochAt(seq) === epoch
  }

  /** The epoch that a change was written in. */
  #epochAt(seq: number): string | undefined {
    return this.#statements.epochAt.get(seq)
  }

  #ofNamespace(rows: readonly RawChange[]): Change[] {
    const changes: Change[] = []
    for (const [seq, namespace, bytes, revoked, expiresAt, selector] of rows) {
      if (namespace !== this.#namespace) continue
      const digest = new Int32Array(4)
      Buffer.from(digest.buffer).set(bytes)
      changes.push({
        digest,
        seq,
        revoked: revoked === 1,
        expiresAt,
        ...(selector === null ? {} : { selector: selectorNames(selector) }),
      })
    }
    return changes
  }
}

function prepare(db: Connection, namespace: number) {
  return {
    begin: db.prepare<[]>('BEGIN'),
    end: db.prepare<[]>('COMMIT'),
    dataVersion: db.prepare<[], number>('PRAGMA data_version').pluck(),
    get: db
      .prepare<[digest: Buffer], RawRow>(
        `SELECT ${ROW_COLUMNS} FROM revocations WHERE namespace = ${namespace} AND digest = ?`,
      )
      .raw(),
    getDeciding: db
      .prepare<[digest: Buffer], RawDecidingRow>(
        `
      SELECT seq, revoked, expires_at, not_before, issued_through
      FROM revocations WHERE namespace = ${namespace} AND digest = ?`,
      )
      .raw(),
    headPage: db.prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'head'").pluck(),
    head: db.prepare<[], RawHead>('SELECT seq, epoch, commits FROM head WHERE id = 1').raw(),
    tolerance: db.prepare<[], number>(`SELECT ${TOLERANCE_SQL}`).pluck(),
    epochAt: db
      .prepare<[seq: number], string>(
        'SELECT epoch FROM epochs WHERE start_seq <= ? ORDER BY start_seq DESC LIMIT 1',
      )
      .pluck(),
    changes: db
      .prepare<[after: number, limit: number], RawChange>(
        `
      SELECT seq, namespace, digest, revoked, expires_at, selector
      FROM revocations WHERE seq > ? ORDER BY seq LIMIT ?`,
      )
      .raw(),
    list: db
      .prepare<[after: number, liveAfter: number, any: number, only: number, limit: number], RawRow>(
        `
      SELECT ${ROW_COLUMNS} FROM revocations NOT INDEXED
      WHERE seq > ? AND namespace = ${namespace} AND expires_at > ? AND (? = -1 OR (selector IS NOT NULL) = ?)
      ORDER BY seq LIMIT ?`,
      )
      .raw(),
  }
}
