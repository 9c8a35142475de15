import { randomBytes } from 'node:crypto'
import { bucketOfBytes } from '../../../buckets/layout.js'
import { RevocadeError } from '../../../errors.js'
import type { Connection } from '../file/driver.js'
import { type NamespaceIdentity, prepareIdentityCheck } from '../file/store-identity.js'
import { raiseTolerance, TOLERANCE_SQL } from '../file/tolerance.js'
import { LogLength } from './log-length.js'
import { unpack } from './mutation-codec.js'
import { damaged, RevocationWriter } from './revocation-writer.js'
import { type PackedSessions, SessionWriter } from './session-writer.js'
import type { WriteLock } from './write-lock.js'

/** Earlier versions remembered for each bucket. From any of them, a reader gets only the later changes. */
const EARLIER_TAGS = 7

/** Numbers for each mutation in {@link BatchResult.results}. */
export const RESULT_FIELDS = 4

/** A batch in the form in which it comes to the write thread. */
export interface PackedBatch {
  /** Mutations, see `mutation-codec.ts`, and how many they are. */
  readonly memory: ArrayBuffer
  readonly count: number
  /** Commits of refresh tokens among them, if there are any. */
  readonly sessions?: PackedSessions | undefined
}

/** The answer to a committed batch. */
export interface BatchResult {
  /** `[seq, expiresAt, already, notBefore or -1]` for each mutation, in one array; see {@link Written}. */
  readonly results: Float64Array<ArrayBuffer>
  /** The epoch and number of the newest change. */
  readonly epoch: string
  readonly seq: number
  /** The namespace has 2^bits buckets. */
  readonly bits: number
  /** For each commit of refresh tokens: 1 if it was made. */
  readonly made: Uint8Array<ArrayBuffer>
  /** The tag of the commit in hexadecimal: cloning a typed array would copy all the memory around it. */
  readonly tag: string
}

/** What **head** and **namespaces** said at the beginning of a batch. */
interface Before {
  readonly seq: number
  readonly bits: number
  readonly commits: number
}

/** The changes of one batch, inside its transaction. */
interface AppliedBatch {
  readonly results: Float64Array<ArrayBuffer>
  /** The number of the last change. */
  readonly seq: number
  /** The last change of each bucket that was changed. */
  readonly touched: ReadonlyMap<number, number>
  readonly made: Uint8Array<ArrayBuffer>
  /** What **head** counts: it grows with whatever changes, and gives refresh tokens their versions. */
  readonly commits: number
}

/**
 * Applies each batch in one transaction, and numbers the changes without gaps.
 *
 * - Epochs: an epoch is random, and one write connection alone numbers changes in it, each number once. It
 *   draws a new one unless the newest commit is its own. So a change 1000 of a restored backup and a change
 *   1000 that came after the backup are in different epochs.
 * - Identity: each transaction asks whether this is still the store and the namespace that were opened.
 * - Refresh tokens: a commit that puts some is judged in its place among the mutations. It moves the counter
 *   of **head**, and nothing that followers look at.
 * - Buckets: each commit draws a random tag, the new version of every bucket that it changes.
 */
export class Committer {
  readonly #db: Connection
  readonly #lock: WriteLock
  readonly #logLength: LogLength
  readonly #statements: ReturnType<typeof prepare>
  readonly #revocations: RevocationWriter
  readonly #sessions: SessionWriter
  readonly #ownTolerance: number
  /** The store's tolerance, read in each transaction. */
  #toleranceSeconds = 0
  readonly #isSameStore: () => boolean
  /** The tag of this connection's last commit. */
  #lastTag: Buffer | undefined

  constructor(db: Connection, lock: WriteLock, namespace: NamespaceIdentity, toleranceSeconds: number) {
    this.#db = db
    this.#lock = lock
    this.#logLength = new LogLength(db)
    this.#revocations = new RevocationWriter(db, namespace.namespaceId)
    this.#sessions = new SessionWriter(db, namespace.namespaceId)
    this.#ownTolerance = toleranceSeconds
    this.#isSameStore = prepareIdentityCheck(db, namespace)
    this.#statements = prepare(db, namespace.namespaceId)
  }

  /** Commits a packed batch: all of it or nothing. When it returns, it is durable. */
  apply(batch: PackedBatch): BatchResult {
    this.#logLength.fit(batch.count + (batch.sessions?.count ?? 0))
    const committed = this.#lock.transaction(() => this.#apply(batch))
    const { results, epoch, seq, bits, made, tag } = committed
    if (committed.changed) this.#lastTag = tag
    return { results, epoch, seq, bits, made, tag: tag.toString('hex') }
  }

  #apply(batch: PackedBatch) {
    if (!this.#isSameStore()) throw replaced()
    const before = this.#statements.head.get()
    if (before === undefined) throw damaged('has lost its head row')
    const [lastSeq, lastEpoch, lastTag, bits, tolerance, commits] = before
    // It is smaller than ours only if the store was restored from a backup, or somebody lowered it.
    const isSmaller = tolerance < this.#ownTolerance
    this.#toleranceSeconds = isSmaller ? raiseTolerance(this.#db, this.#ownTolerance) : tolerance
    const tag = randomBytes(8)
    const applied = this.#applyAll(batch, { seq: lastSeq, bits, commits })
    const { results, seq, made } = applied
    const changed = seq > lastSeq
    const epochGoesOn = this.#lastTag?.equals(lastTag) === true
    const epoch = !changed || epochGoesOn ? lastEpoch : this.#startEpoch(lastSeq + 1)
    if (changed) this.#moveVersions(applied, epoch, tag)
    else if (applied.commits > commits) this.#statements.setCommits.run(applied.commits)
    return { results, epoch, seq, bits, tag, made, changed }
  }

  #applyAll({ memory, count, sessions }: PackedBatch, before: Before): AppliedBatch {
    const results = new Float64Array(count * RESULT_FIELDS)
    const touched = new Map<number, number>()
    const commits = this.#sessions.begin(sessions, before.commits)
    let { seq } = before
    let i = 0
    for (const mutation of unpack(memory, count)) {
      const isWanted = commits.admits(i / RESULT_FIELDS)
      const changed = isWanted
        ? this.#revocations.apply(seq + 1, mutation, this.#toleranceSeconds)
        : undefined
      if (changed !== undefined) {
        seq++
        results[i] = seq
        results[i + 1] = changed.expiresAt
        results[i + 2] = changed.already ? 1 : 0
        results[i + 3] = changed.notBefore ?? -1
        touched.set(bucketOfBytes(mutation.digest, before.bits), seq)
      } else {
        results[i + 3] = -1
      }
      i += RESULT_FIELDS
    }
    commits.finish()
    return { results, seq, touched, made: commits.made, commits: commits.version }
  }

  #startEpoch(firstSeq: number): string {
    const epoch = randomBytes(9).toString('base64url')
    this.#statements.startEpoch.run(firstSeq, epoch)
    return epoch
  }

  /** Moves the versions of the changed buckets, and the head. */
  #moveVersions({ seq, touched, commits }: AppliedBatch, epoch: string, tag: Buffer): void {
    const { setBucket, setHead } = this.#statements
    for (const [bucket, last] of touched) setBucket.run(bucket, last, tag)
    setHead.run(seq, epoch, tag, commits + 1)
  }
}

const replaced = (): RevocadeError =>
  new RevocadeError(
    'ERR_NOT_DURABLE',
    'nothing was acknowledged: another database was put in the place of the store while it was in use',
  )

function prepare(db: Connection, namespace: number) {
  return {
    head: db
      .prepare<
        [],
        [seq: number, epoch: string, tag: Buffer, bits: number, tolerance: number, commits: number]
      >(
        `
      SELECT head.seq, head.epoch, head.tag, namespaces.bucket_bits, ${TOLERANCE_SQL}, head.commits
      FROM head, namespaces
      WHERE head.id = 1 AND namespaces.id = ${namespace}`,
      )
      .raw(),
    setHead: db.prepare<[seq: number, epoch: string, tag: Buffer, commits: number]>(
      'UPDATE head SET seq = ?, epoch = ?, tag = ?, commits = ? WHERE id = 1',
    ),
    setCommits: db.prepare<[commits: number]>('UPDATE head SET commits = ? WHERE id = 1'),
    // SQLite's || returns text with the same bytes, hence the cast.
    setBucket: db.prepare<[bucket: number, seq: number, tag: Buffer]>(`
      INSERT INTO buckets VALUES (${namespace}, ?, ?, ?, x'') ON CONFLICT DO UPDATE
      SET earlier = substr(CAST(tag || earlier AS BLOB), 1, ${EARLIER_TAGS * 8}),
        seq = excluded.seq, tag = excluded.tag`),
    startEpoch: db.prepare<[seq: number, epoch: string]>('INSERT OR REPLACE INTO epochs VALUES (?, ?)'),
  }
}
