import { rangeOf, WHOLE_READ_MAX_ROWS } from '../../buckets/layout.js'
import type {
  AllBucketVersions,
  BucketEntry,
  BucketRead,
  BucketVersion,
  Digest,
  Poll,
  Position,
  StoredRow,
  StoreQuery,
} from '../../ports/index.js'
import { type RawRow, toStoredRow } from '../format/stored-row.js'
import { selectorNames } from '../format/target.js'
import type { ServerClock } from '../network/server-clock.js'
import { hex } from './batch.js'
import type { HandedInPool, PgRow } from './driver.js'
import { replaced, replica, toRevocadeError } from './errors.js'
import { Lane } from './lane.js'
import { PreparedStatements } from './prepared-statements.js'
import { ROW_JSON } from './rows.js'
import { SessionReader } from './session-reader.js'
import type { OpenedStore } from './setup.js'
import { headOf, tagOf, versionsOf } from './sql.js'

type RawChange = readonly [
  seq: number,
  digest: string,
  revoked: boolean,
  expiresAt: number,
  selector: string | null,
]
type RawVersion = readonly [bucket: number, seq: number, tag: string]
type RawEntry = readonly [digest: string, revoked: boolean, expiresAt: number, issuedThrough: number | null]

const NO_TAG = new Uint8Array(8)

/** Where each statement shows that it is still the store that was opened, on its primary. */
const GUARD = 3
/** Columns of a poll after the guard: the newest change, its tag, the tolerance, and the server's time. */
const HEAD = 4

/** The read connection. Each call is one statement, and so one snapshot. */
export class Reader {
  readonly #lane: Lane
  readonly #store: OpenedStore
  readonly #timeoutMs: number
  readonly #clock: ServerClock
  readonly #prepared = new PreparedStatements()
  readonly #headSql: string
  readonly sessions: SessionReader
  /** The store's tolerance in seconds, as of the last poll. */
  toleranceSeconds: number
  /** The number of the newest change that a poll has seen. */
  lastSeq: number

  constructor(pool: HandedInPool, store: OpenedStore, timeoutMs: number, clock: ServerClock) {
    this.#lane = new Lane(pool)
    this.#store = store
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.sessions = new SessionReader((expressions, values) => this.#read(expressions, values), store)
    this.toleranceSeconds = store.toleranceSeconds
    this.lastSeq = store.seq
    this.#headSql = headOf(store.schema)
  }

  async get(digest: Digest): Promise<StoredRow | undefined> {
    const { schema, namespaceId } = this.#store
    const [row] = await this.#read(
      `(SELECT ${ROW_JSON} FROM ${schema}.revocations r WHERE r.namespace = $2 AND r.digest = $3::uuid)`,
      [namespaceId, hex(new Uint8Array(digest.buffer, digest.byteOffset, 16))],
    )
    return row === null || row === undefined ? undefined : toStoredRow(JSON.parse(row) as RawRow)
  }

  async list({ afterSeq, limit, liveAfter = -1, kind }: StoreQuery): Promise<StoredRow[]> {
    const { schema, namespaceId } = this.#store
    const [rows] = await this.#read(
      `(SELECT json_agg(l.row ORDER BY l.seq) FROM (SELECT r.seq, ${ROW_JSON} AS row
        FROM ${schema}.revocations r WHERE r.seq > $2 AND r.namespace = $3 AND r.expires_at > $4
          AND ($5::boolean IS NULL OR (r.selector IS NOT NULL) = $5) ORDER BY r.seq LIMIT $6) l)`,
      [afterSeq, namespaceId, Math.floor(liveAfter), kind === undefined ? null : kind === 'selector', limit],
    )
    return rows === null || rows === undefined ? [] : (JSON.parse(rows) as RawRow[]).map(toStoredRow)
  }

  /**
   * The changes after a position; see `RevocationStore.poll`. Nearly all polls find nothing new, so the head
   * is read first: that is cheap if the server keeps its plan.
   */
  async poll(after: Position, limit: number, seen: Position, buckets: boolean): Promise<Poll> {
    if (this.#prepared.areKept) {
      const { head, serverTime } = this.#noteHead(await this.#run(this.#headSql, [this.#store.namespace]))
      if (isSame(after, head) && isSame(seen, head)) return nothingNew(head, serverTime)
    }
    return this.#changes(after, limit, seen, buckets)
  }

  /** The head, and what is new before it, from one snapshot. */
  async #changes(after: Position, limit: number, seen: Position, buckets: boolean): Promise<Poll> {
    const { schema, namespace } = this.#store
    const row = await this.#run(`SELECT * FROM ${schema}.poll_v1($1, $2, $3, $4, $5, $6)`, [
      ...[namespace, after.seq, after.epoch, seen.seq, Math.max(1, limit), buckets],
    ])
    const [afterTag, seenTag, lastTag, changes, bits, versions] = row.slice(GUARD + HEAD)
    const { head, serverTime } = this.#noteHead(row)
    if (isSame(after, head) && isSame(seen, head)) return nothingNew(head, serverTime)
    if (!isPast(after, head, afterTag) || !isPast(seen, head, seenTag)) return { status: 'diverged' }
    const [last, found] = (JSON.parse(changes ?? '[null,null]') ?? []) as [number | null, RawChange[] | null]
    const position = last === null ? head : { seq: last, epoch: lastTag ?? '' }
    const answer = {
      status: 'ok',
      changes: (found ?? []).map(toChange),
      position,
      more: last !== null,
      serverTime,
    } as const
    if (!buckets) return { ...answer, head }
    return { ...answer, head, buckets: { bits: Number(bits), versions: toVersions(versions) } }
  }

  /** Notes what each poll begins with, after the guard. */
  #noteHead(row: PgRow): { readonly head: Position; readonly serverTime: number } {
    const [seq, tag, tolerance, now] = row.slice(GUARD)
    this.toleranceSeconds = Number(tolerance)
    this.#clock.note(Number(now))
    this.lastSeq = Number(seq)
    return { head: { seq: Number(seq), epoch: tag ?? '' }, serverTime: Number(now) }
  }

  /** Which positions the history contains; see `RevocationStore.contains`. */
  async contains(positions: readonly Position[]): Promise<boolean[]> {
    const { schema } = this.#store
    const [answers] = await this.#read(
      `(SELECT json_agg(p.seq = 0 OR coalesce(${tagOf(schema, 'p.seq')} = p.tag, false) ORDER BY p.i)
        FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS p (seq, tag, i))`,
      [positions.map(({ seq }) => seq), positions.map(({ epoch }) => epoch)],
    )
    return JSON.parse(answers ?? '[]') as boolean[]
  }

  async versions(): Promise<AllBucketVersions> {
    const { schema, namespaceId } = this.#store
    const bits = `(SELECT n.bucket_bits FROM ${schema}.namespaces n WHERE n.id = $2)`
    const [position, count, versions] = await this.#read(
      `(SELECT json_build_array(c.seq, encode(c.tag, 'hex')) FROM ${schema}.commits c
        ORDER BY c.seq DESC LIMIT 1),
      ${bits}, (SELECT json_agg(json_build_array(v.bucket, v.seq, encode(v.tag, 'hex')))
        FROM (${versionsOf(schema, '$2', bits)}) v)`,
      [namespaceId],
    )
    const [seq, epoch] = JSON.parse(position ?? '[0,""]') as [number, string]
    return { bits: Number(count), versions: toVersions(versions), position: { seq, epoch } }
  }

  /** See `BucketSource.read`. */
  async bucket(
    bucket: number,
    bits: number,
    since: Pick<BucketVersion, 'seq' | 'tag'> | undefined,
  ): Promise<BucketRead> {
    const { schema, namespace, namespaceId } = this.#store
    const { from, to } = rangeOf(bucket, bits)
    const row = await this.#run(`SELECT * FROM ${schema}.bucket_v1($1, $2, $3, $4, $5, $6, $7, $8)`, [
      ...[namespace, namespaceId, bucket, since === undefined ? null : hex(since.tag), since?.seq ?? 0],
      ...[bound(from), bound(to), WHOLE_READ_MAX_ROWS],
    ])
    const [, , , nowBits, seq, tag, known, count, entries] = row
    if (Number(nowBits) !== bits) return { status: 'layout-changed' }
    const rows = Number(count)
    if (known !== 't' && rows > WHOLE_READ_MAX_ROWS) return { status: 'too-large', rows }
    const version = { bucket, seq: Number(seq ?? 0), tag: tag == null ? NO_TAG : bytes(tag) }
    const found = (JSON.parse(entries ?? '[]') as RawEntry[]).map(toEntry)
    return { status: 'ok', version, whole: known !== 't', entries: found, rows }
  }

  close(): Promise<void> {
    return this.#lane.close()
  }

  /** Selects expressions beside the guard; $1 is the name of the namespace. */
  async #read(expressions: string, values: readonly unknown[]): Promise<PgRow> {
    const { schema, namespace } = this.#store
    const sql = `SELECT pg_is_in_recovery(), (SELECT convert_from(m.value, 'UTF8') FROM ${schema}.meta m
      WHERE m.key = 'id'), (SELECT n.id FROM ${schema}.namespaces n WHERE n.name = $1), ${expressions}`
    return (await this.#run(sql, [namespace, ...values])).slice(GUARD)
  }

  async #run(sql: string, values: readonly unknown[]): Promise<PgRow> {
    const { id, namespaceId } = this.#store
    try {
      return await this.#lane.use(this.#timeoutMs, async (client) => {
        const [row = []] = await this.#prepared.run(client, sql, values)
        const [inRecovery, store, namespace] = row
        // Thrown within the lane: the connection leads to the wrong server, and is closed.
        if (inRecovery !== 'f') throw replica()
        if (store !== id || Number(namespace) !== namespaceId) throw replaced()
        return row
      })
    } catch (error) {
      throw toRevocadeError(error, 'read')
    }
  }
}

const nothingNew = (position: Position, serverTime: number): Poll => ({
  ...{ status: 'ok', changes: [], position, more: false, serverTime },
})

const isSame = (one: Position, other: Position): boolean => one.seq === other.seq && one.epoch === other.epoch

/** Whether the history that ends in `head` contains a position. */
const isPast = ({ seq, epoch }: Position, head: Position, tag: string | null | undefined): boolean =>
  seq === 0 || (seq <= head.seq && tag === epoch)

/** The end of a bucket as a uuid; null: after all of them. */
const bound = (leading: Uint8Array): string | null =>
  leading.length > 16 ? null : hex(leading).padEnd(32, '0')

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

function toChange([seq, digest, revoked, expiresAt, selector]: RawChange) {
  const words = new Int32Array(4)
  Buffer.from(words.buffer).write(digest, 'hex')
  const names = selector === null ? {} : { selector: selectorNames(selector) }
  return { digest: words, seq, revoked, expiresAt, ...names }
}

const toVersions = (versions: string | null | undefined): BucketVersion[] =>
  (JSON.parse(versions ?? '[]') as RawVersion[]).map(([bucket, seq, tag]) => ({
    bucket,
    seq,
    tag: bytes(tag),
  }))

const toEntry = ([digest, revoked, expiresAt, issuedThrough]: RawEntry): BucketEntry => ({
  digest: bytes(digest),
  revoked,
  expiresAt,
  ...(issuedThrough === null ? {} : { issuedThrough }),
})
