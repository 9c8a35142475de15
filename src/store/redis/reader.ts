import { WHOLE_READ_MAX_ROWS } from '../../buckets/layout.js'
import type {
  AllBucketVersions,
  BucketRead,
  BucketVersion,
  Digest,
  Poll,
  Position,
  ScanChunk,
  ScanEnd,
  StoredRow,
  StoreQuery,
} from '../../ports/index.js'
import type { ServerClock } from '../network/server-clock.js'
import type { Argument, StoreConnection } from './connection.js'
import { toRevocadeError } from './errors.js'
import { readTime, selectorNamesOf, splitRows, toBucketEntry, toChange, toStoredRow } from './row-codec.js'
import { BUCKET, VERSIONS } from './scripts/bucket-scripts.js'
import { BEGIN_SCAN, GET, LIST, POLL, SCAN, TAGS } from './scripts/read-scripts.js'
import type { Script } from './scripts/script.js'
import { SessionReader } from './session-reader.js'
import type { OpenedStore } from './setup.js'

const NO_TAG = new Uint8Array(8)

type PollReply = readonly [seq: number, tag: Buffer, tolerance: number, serverMs: number, ...PollNews]
/** Nothing, if nothing has changed. */
type PollNews =
  | readonly []
  | readonly [
      ...[afterTag: Buffer, seenTag: Buffer, last: number, lastTag: Buffer, complete: Buffer, rows: Buffer],
      ...[bits: number, versions: readonly (number | Buffer)[]],
    ]

/** The read connection. Each call is one script, and so one snapshot; a scan and a list are several. */
export class Reader {
  readonly #connection: StoreConnection
  readonly #store: OpenedStore
  readonly #timeoutMs: number
  readonly #clock: ServerClock
  readonly sessions = new SessionReader((script, args) => this.#run(script, args))
  /** The store's tolerance in seconds, as of the last poll. */
  toleranceSeconds: number
  /** The number of the newest change that a poll has seen. */
  lastSeq: number

  constructor(connection: StoreConnection, store: OpenedStore, timeoutMs: number, clock: ServerClock) {
    this.#connection = connection
    this.#store = store
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.toleranceSeconds = store.toleranceSeconds
    this.lastSeq = store.seq
  }

  async get(digest: Digest): Promise<StoredRow | undefined> {
    const bytes = Buffer.from(digest.buffer, digest.byteOffset, 16)
    const reply = (await this.#run(GET, [bytes])) as readonly [number, Buffer] | null
    return reply === null ? undefined : toStoredRow({ seq: reply[0], bytes: reply[1] })
  }

  async list({ afterSeq, limit, liveAfter = -1, kind }: StoreQuery): Promise<StoredRow[]> {
    const rows: StoredRow[] = []
    for (let after = afterSeq; ;) {
      const args = [after, limit - rows.length, Math.floor(liveAfter), kind ?? '']
      const reply = (await this.#run(LIST, args)) as readonly [number, Buffer, Buffer]
      const [last, complete, packed] = reply
      for (const row of splitRows(packed)) rows.push(toStoredRow(row))
      if (rows.length >= limit || isYes(complete)) return rows
      after = last
    }
  }

  /** The changes after a position; see `RevocationStore.poll`. */
  async poll(after: Position, limit: number, seen: Position, buckets: boolean): Promise<Poll> {
    const reply = (await this.#run(POLL, [
      ...[after.seq, Buffer.from(after.epoch, 'hex'), seen.seq],
      ...[Math.max(1, limit), buckets ? '1' : '0'],
    ])) as PollReply
    const [seq, tag, tolerance, serverTime, ...news] = reply
    this.toleranceSeconds = tolerance
    this.#clock.note(serverTime)
    this.lastSeq = seq
    const head = { seq, epoch: tag.toString('hex') }
    if (news.length === 0) return { status: 'ok', changes: [], position: head, more: false, serverTime }
    const [afterTag, seenTag, last, lastTag, complete, rows, bits, versions] = news
    if (!isPast(after, head, afterTag) || !isPast(seen, head, seenTag)) return { status: 'diverged' }
    const more = !isYes(complete)
    const position = more ? { seq: last, epoch: lastTag.toString('hex') } : head
    const changes = Array.from(splitRows(rows), toChange)
    const answer = { status: 'ok', changes, position, more, serverTime } as const
    if (!buckets) return { ...answer, head }
    return { ...answer, head, buckets: { bits, versions: toVersions(versions) } }
  }

  /** Which positions the history contains; see `RevocationStore.contains`. */
  async contains(positions: readonly Position[]): Promise<readonly boolean[]> {
    const tags = (await this.#run(
      TAGS,
      positions.map(({ seq }) => seq),
    )) as readonly Buffer[]
    return positions.map(
      ({ seq, epoch }, i) => seq === 0 || (tags[i]?.length === 8 && tags[i].toString('hex') === epoch),
    )
  }

  /**
   * Pages in the order of the log, up to the head at the beginning. What is changed meanwhile moves behind
   * it, and the poll from there delivers it. Each page makes sure that this head is still in the history.
   */
  async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    const [seq, tag, total] = (await this.#run(BEGIN_SCAN, [])) as readonly [number, Buffer, number]
    const shapes = new Map<string, { names: readonly string[]; expiresAt: number }>()
    for (let from = 1; from <= seq;) {
      const reply = await this.#run(SCAN, [from, seq, tag, Math.floor(liveAfter)])
      const [last, complete, digests, expiries, selectors] = reply as readonly [number, ...Buffer[]]
      if (digests !== undefined && expiries !== undefined && digests.length > 0)
        yield toChunk(digests, expiries, total)
      for (const row of splitRows(selectors ?? Buffer.alloc(0))) {
        const names = selectorNamesOf(row)
        const { expiresAt } = toChange(row)
        const known = shapes.get(names.join('\n'))?.expiresAt ?? 0
        shapes.set(names.join('\n'), { names, expiresAt: Math.max(known, expiresAt) })
      }
      if (isYes(complete)) break
      from = last + 1
    }
    return { position: { seq, epoch: tag.toString('hex') }, selectors: [...shapes.values()] }
  }

  async versions(): Promise<AllBucketVersions> {
    const reply = await this.#run(VERSIONS, [])
    const [bits, seq, tag, all] = reply as readonly [number, number, Buffer, Buffer[]]
    const versions = toVersions(all.map((one, i) => (i % 2 === 0 ? Number(one.toString()) : one)))
    return { bits, versions, position: { seq, epoch: tag.toString('hex') } }
  }

  /** See `BucketSource.read`. */
  async bucket(
    bucket: number,
    bits: number,
    since: Pick<BucketVersion, 'seq' | 'tag'> | undefined,
  ): Promise<BucketRead> {
    const tag = since === undefined ? '' : Buffer.from(since.tag)
    const reply = await this.#run(BUCKET, [bucket, bits, since?.seq ?? 0, tag, WHOLE_READ_MAX_ROWS])
    const [nowBits, count, version, whole, rows] = reply as [number, number?, Buffer?, Buffer?, Buffer?]
    if (nowBits !== bits || count === undefined) return { status: 'layout-changed' }
    if (version === undefined || rows === undefined) return { status: 'too-large', rows: count }
    return {
      status: 'ok',
      version: version.length === 0 ? { bucket, seq: 0, tag: NO_TAG } : toVersion(bucket, version),
      whole: isYes(whole),
      entries: Array.from(splitRows(rows), toBucketEntry),
      rows: count,
    }
  }

  async #run(script: Script, args: readonly Argument[]): Promise<unknown> {
    const { id, namespace, namespaceId, head } = this.#store
    try {
      return await this.#connection.run(script, head, [id, namespace, namespaceId, ...args], this.#timeoutMs)
    } catch (error) {
      throw toRevocadeError(error, 'read')
    }
  }
}

const isYes = (reply: Buffer | undefined): boolean => reply?.toString() === '1'

/** Whether the history that ends in `head` contains a position. */
const isPast = ({ seq, epoch }: Position, head: Position, tag: Buffer): boolean =>
  seq === 0 || (seq <= head.seq && tag.toString('hex') === epoch)

function toChunk(digests: Buffer, expiries: Buffer, total: number): ScanChunk {
  const words = new Int32Array(digests.length / 4)
  Buffer.from(words.buffer).set(digests)
  const expiresAt = new Float64Array(expiries.length / 8)
  Buffer.from(expiresAt.buffer).set(expiries)
  return { total, digests: words, expiresAt }
}

const toVersion = (bucket: number, bytes: Buffer): BucketVersion => ({
  bucket,
  seq: readTime(bytes, 0),
  tag: new Uint8Array(bytes.subarray(7, 15)),
})

/** Of a list of buckets, each followed by its version. */
function toVersions(pairs: readonly (number | Buffer)[]): BucketVersion[] {
  return pairs.flatMap((bucket, i) => {
    const version = pairs[i + 1]
    return typeof bucket === 'number' && version instanceof Buffer ? [toVersion(bucket, version)] : []
  })
}
