import { randomBytes } from 'node:crypto'
import { bucketOfBytes } from '../../../buckets/layout.js'
import { RevocadeError } from '../../../errors.js'
import type { Written } from '../../../ports/index.js'
import type { Connection } from '../file/driver.js'
import { type NamespaceIdentity, prepareIdentityCheck } from '../file/store-identity.js'
import { raiseTolerance, TOLERANCE_SQL } from '../file/tolerance.js'
import { LogLength } from './log-length.js'
import { type ExistingRow, isLive, mergeRows } from './merge-rows.js'
import { unpack, type UnpackedMutation } from './mutation-codec.js'
import type { WriteLock } from './write-lock.js'

/** Earlier versions remembered for each bucket. From any of them, a reader gets only the later changes. */
const EARLIER_TAGS = 7

/** Numbers for each mutation in {@link BatchResult.results}. */
export const RESULT_FIELDS = 4

/** The row that a mutation left. */
type Changed = Pick<Written, 'expiresAt' | 'already'> & { readonly notBefore: number | null }

/** The answer to a committed batch. */
export interface BatchResult {
  /** `[seq, expiresAt, already, notBefore or -1]` for each mutation, in one array; see {@link Written}. */
  readonly results: Float64Array<ArrayBuffer>
  /** The epoch and number of the newest change. */
  readonly epoch: string
  readonly seq: number
  /** The namespace has 2^bits buckets. */
  readonly bits: number
  /** The tag of the commit in hexadecimal: cloning a typed array would copy all the memory around it. */
  readonly tag: string
}

/** The changes of one batch, inside its transaction. */
interface AppliedBatch {
  readonly results: Float64Array<ArrayBuffer>
  /** The number of the last change. */
  readonly seq: number
  /** The last change of each bucket that was changed. */
  readonly touched: ReadonlyMap<number, number>
}

/**
 * Applies each batch in one transaction, and numbers the changes without gaps.
 *
 * - Epochs: an epoch is random, and one write connection alone numbers changes in it, each number once. It
 *   draws a new one unless the newest commit is its own. So a change 1000 of a restored backup and a change
 *   1000 that came after the backup are in different epochs.
 * - Identity: each transaction asks whether this is still the store and the namespace that were opened.
 * - Buckets: each commit draws a random tag, the new version of every bucket that it changes.
 */
export class Committer {
  readonly #db: Connection
  readonly #lock: WriteLock
  readonly #logLength: LogLength
  readonly #statements: ReturnType<typeof prepare>
  readonly #namespace: number
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
    this.#namespace = namespace.namespaceId
    this.#ownTolerance = toleranceSeconds
    this.#isSameStore = prepareIdentityCheck(db, namespace)
    this.#statements = prepare(db, namespace.namespaceId)
  }

  /** Commits a packed batch: all mutations or none. When it returns, they are durable. */
  apply(memory: ArrayBuffer, count: number): BatchResult {
    this.#logLength.fit(count)
    const committed = this.#lock.transaction(() => this.#apply(memory, count))
    const { results, epoch, seq, bits, tag } = committed
    if (committed.changed) this.#lastTag = tag
    return { results, epoch, seq, bits, tag: tag.toString('hex') }
  }

  #apply(memory: ArrayBuffer, count: number) {
    if (!this.#isSameStore()) throw replaced()
    const before = this.#statements.head.get()
    if (before === undefined) throw damaged('has lost its head row')
    const [lastSeq, lastEpoch, lastTag, bits, tolerance] = before
    // It is smaller than ours only if the store was restored from a backup, or somebody lowered it.
    const isSmaller = tolerance < this.#ownTolerance
    this.#toleranceSeconds = isSmaller ? raiseTolerance(this.#db, this.#ownTolerance) : tolerance
    const tag = randomBytes(8)
    const applied = this.#applyAll(memory, count, lastSeq, bits)
    const { results, seq } = applied
    const changed = seq > lastSeq
    const epochGoesOn = this.#lastTag?.equals(lastTag) === true
    const epoch = !changed || epochGoesOn ? lastEpoch : this.#startEpoch(lastSeq + 1)
    if (changed) this.#moveVersions(applied, epoch, tag)
    return { results, epoch, seq, bits, tag, changed }
  }

  #applyAll(memory: ArrayBuffer, count: number, lastSeq: number, bits: number): AppliedBatch {
    const results = new Float64Array(count * RESULT_FIELDS)
    const touched = new Map<number, number>()
    let seq = lastSeq
    let i = 0
    for (const mutation of unpack(memory, count)) {
      const changed = mutation.revoke ? this.#revoke(seq + 1, mutation) : this.#unrevoke(seq + 1, mutation)
      if (changed !== undefined) {
        seq++
        results[i] = seq
        results[i + 1] = changed.expiresAt
        results[i + 2] = changed.already ? 1 : 0
        results[i + 3] = changed.notBefore ?? -1
        touched.set(bucketOfBytes(mutation.digest, bits), seq)
      }
      i += RESULT_FIELDS
    }
    return { results, seq, touched }
  }

  #startEpoch(firstSeq: number): string {
    const epoch = randomBytes(9).toString('base64url')
    this.#statements.startEpoch.run(firstSeq, epoch)
    return epoch
  }

  /** Moves the versions of the changed buckets, and the head. */
  #moveVersions({ seq, touched }: AppliedBatch, epoch: string, tag: Buffer): void {
    const { setBucket, setHead } = this.#statements
    for (const [bucket, last] of touched) setBucket.run(bucket, last, tag)
    setHead.run(seq, epoch, tag)
  }

  #revoke(seq: number, mutation: UnpackedMutation): Changed {
    const { insert, find, move } = this.#statements
    const { digest, target, selector } = mutation
    // Nearly every revocation is new: insert first, and read the row only if the digest exists.
    const { changes } = insert.run(
      seq,
      this.#namespace,
      digest,
      mutation.expiresAt,
      mutation.revokedAt,
      selector,
      target,
      mutation.issuedBefore,
      mutation.issuedThrough,
      mutation.reason,
      mutation.actor,
      mutation.notBefore,
    )
    if (changes === 1) return { ...mutation, already: false }
    const existing = find.get(this.#namespace, digest)
    if (existing === undefined) throw damaged('has a damaged index')
    const row = mergeRows(existing, mutation, this.#toleranceSeconds)
    move.run(
      seq,
      row.expiresAt,
      row.revokedAt,
      selector,
      target,
      row.issuedBefore,
      row.issuedThrough,
      row.reason,
      row.actor,
      row.notBefore,
      existing[0],
    )
    return row
  }

  /** Returns undefined if no revocation was live. */
  #unrevoke(seq: number, mutation: UnpackedMutation): Changed | undefined {
    const { find, bury } = this.#statements
    const existing = find.get(this.#namespace, mutation.digest)
    if (existing === undefined || !isLive(existing, this.#toleranceSeconds, mutation.revokedAt))
      return undefined
    const [at, , expiresAt] = existing
    bury.run(seq, mutation.revokedAt, at)
    return { expiresAt, already: false, notBefore: null }
  }
}

const damaged = (how: string): RevocadeError =>
  new RevocadeError('ERR_STORE_CORRUPT', `the store ${how}: restore it from a backup`)

const replaced = (): RevocadeError =>
  new RevocadeError(
    'ERR_NOT_DURABLE',
    'nothing was acknowledged: another database was put in the place of the store while it was in use',
  )

function prepare(db: Connection, namespace: number) {
  return {
    head: db
      .prepare<[], [seq: number, epoch: string, tag: Buffer, bits: number, tolerance: number]>(
        `
      SELECT head.seq, head.epoch, head.tag, namespaces.bucket_bits, ${TOLERANCE_SQL} FROM head, namespaces
      WHERE head.id = 1 AND namespaces.id = ${namespace}`,
      )
      .raw(),
    setHead: db.prepare<[seq: number, epoch: string, tag: Buffer]>(
      'UPDATE head SET seq = ?, epoch = ?, tag = ?, commits = commits + 1 WHERE id = 1',
    ),
    // SQLite's || returns text with the same bytes, hence the cast.
    setBucket: db.prepare<[bucket: number, seq: number, tag: Buffer]>(`
      INSERT INTO buckets VALUES (${namespace}, ?, ?, ?, x'') ON CONFLICT DO UPDATE
      SET earlier = substr(CAST(tag || earlier AS BLOB), 1, ${EARLIER_TAGS * 8}),
        seq = excluded.seq, tag = excluded.tag`),
    startEpoch: db.prepare<[seq: number, epoch: string]>('INSERT OR REPLACE INTO epochs VALUES (?, ?)'),
    insert: db.prepare(`
      INSERT INTO revocations (seq, namespace, digest, revoked, expires_at, revoked_at, selector, target,
        issued_before, issued_through, reason, actor, not_before)
      VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, digest) DO NOTHING`),
    find: db
      .prepare<[namespace: number, digest: Buffer], ExistingRow>(
        `
      SELECT seq, revoked, expires_at, revoked_at, issued_before, issued_through, reason, actor, not_before
      FROM revocations WHERE namespace = ? AND digest = ?`,
      )
      .raw(),
    move: db.prepare(`
      UPDATE revocations SET seq = ?, revoked = 1, expires_at = ?, revoked_at = ?, selector = ?, target = ?,
        issued_before = ?, issued_through = ?, reason = ?, actor = ?, not_before = ? WHERE seq = ?`),
    bury: db.prepare('UPDATE revocations SET seq = ?, revoked = 0, revoked_at = ? WHERE seq = ?'),
  }
}
