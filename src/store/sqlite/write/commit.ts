import { randomBytes } from 'node:crypto'
import { bucketOfBytes } from '../../../buckets/layout.js'
import { RevocadeError } from '../../../errors.js'
import type { Connection } from '../file/driver.js'
import { unpack, type UnpackedMutation } from './mutation-codec.js'

/** Mutations from which on a batch is worth a long log. */
const LARGE_BATCH = 32
/** 64 MB and 4 MB. */
const LONG_LOG_PAGES = 16_000
const SHORT_LOG_PAGES = 1000
/** Versions of a bucket that are remembered besides the present one: from any of them L1 is brought up to date by what changed since. */
const EARLIER_TAGS = 7

/** What a committed batch answers: `[seq, expiresAt]` for each mutation, and where the history and the buckets stand now. */
export interface BatchResult {
  readonly results: Float64Array<ArrayBuffer>
  readonly epoch: string
  readonly seq: number
  readonly bits: number
  /** Hexadecimal: a typed array would be cloned with the memory around it. */
  readonly tag: string
}

/** The columns of an existing row that decide what an upsert leaves. */
type Existing = readonly [
  seq: number,
  revoked: number,
  expiresAt: number,
  revokedAt: number,
  issuedBefore: number | null,
  issuedThrough: number | null,
  reason: string | null,
  actor: string | null,
]

/** The columns that an upsert writes besides what identifies the row. */
export interface Merged {
  readonly expiresAt: number
  readonly revokedAt: number
  readonly issuedBefore: number | null
  readonly issuedThrough: number | null
  readonly reason: string | null
  readonly actor: string | null
}

/** No cutoff at all matches every token: it is later than any. */
const cutoff = (issuedThrough: number | null): number => issuedThrough ?? Number.POSITIVE_INFINITY

/** Whether checks still honour a row at some time, in milliseconds: until its expiry, and the clock tolerance more. */
const isLive = ([, revoked, expiresAt]: Existing, toleranceSeconds: number, at: number): boolean =>
  revoked === 1 && (expiresAt + toleranceSeconds) * 1000 > at

/**
 * What stands after a revocation meets a row of the same digest. A live one is only ever widened: the later
 * expiry and the later cutoff win. A tombstone or an expired row is replaced.
 */
export function merge(existing: Existing, mutation: UnpackedMutation, toleranceSeconds: number): Merged {
  if (!isLive(existing, toleranceSeconds, mutation.revokedAt)) return mutation
  const [, , expiresAt, revokedAt, issuedBefore, issuedThrough, reason, actor] = existing
  const step = cutoff(mutation.issuedThrough) - cutoff(issuedThrough) // NaN: neither has one
  const later = step > 0 || (step === 0 && (mutation.issuedBefore ?? 0) > (issuedBefore ?? 0))
  return {
    expiresAt: Math.max(expiresAt, mutation.expiresAt),
    revokedAt: later ? mutation.revokedAt : revokedAt,
    issuedBefore: later ? mutation.issuedBefore : issuedBefore,
    issuedThrough: later ? mutation.issuedThrough : issuedThrough,
    reason: mutation.reason ?? reason,
    actor: mutation.actor ?? actor,
  }
}

/**
 * Applies batches, one transaction each, and numbers the changes without gaps.
 *
 * It also tags the history: before its first change, a write connection draws a random *epoch* that begins with that
 * change, and draws another if the store was set back behind what it has seen. Two histories that went apart (a
 * backup was restored) may both have a change 1000, but not in the same epoch.
 *
 * And it moves the versions of the buckets that the changes lie in, with a tag drawn for each commit.
 */
export class Committer {
  readonly #db: Connection
  readonly #statements: ReturnType<typeof prepare>
  readonly #namespace: number
  readonly #toleranceSeconds: number
  #longLog: boolean | undefined
  #epochBegun = false
  /** The newest change known to have been committed. */
  #seen = 0

  constructor(db: Connection, namespace: number, toleranceSeconds: number) {
    this.#db = db
    this.#namespace = namespace
    this.#toleranceSeconds = toleranceSeconds
    this.#statements = prepare(db, namespace)
  }

  /**
   * Commits a packed batch, all or nothing.
   *
   * @param seen The newest change that anyone in this process has seen.
   */
  apply(memory: ArrayBuffer, count: number, seen = 0): BatchResult {
    const { begin, head, setHead, startEpoch, commit, setBucket } = this.#statements
    this.#tuneLog(count)
    begin.run()
    try {
      const before = head.get()
      if (before === undefined) throw damaged('has lost its head row')
      let [seq, epoch] = before
      const [, , bits] = before
      const first = seq + 1
      const results = new Float64Array(count * 2)
      const tag = randomBytes(8)
      const touched = new Map<number, number>()
      let i = 0
      for (const mutation of unpack(memory, count)) {
        const expiresAt = mutation.revoke
          ? this.#revoke(seq + 1, mutation)
          : this.#unrevoke(seq + 1, mutation)
        if (expiresAt >= 0) {
          seq++
          results[i] = seq
          results[i + 1] = expiresAt
          touched.set(bucketOfBytes(mutation.digest, bits), seq)
        }
        i += 2
      }
      const begun = this.#epochBegun && first > Math.max(this.#seen, seen)
      if (seq >= first) {
        if (!begun) {
          epoch = randomBytes(9).toString('base64url')
          startEpoch.run(first, epoch)
        }
        for (const [bucket, last] of touched) setBucket.run(bucket, last, tag)
        setHead.run(seq, epoch, tag)
      }
      commit.run()
      if (seq >= first) this.#epochBegun = true
      this.#seen = seq
      return { results, epoch, seq, bits, tag: tag.toString('hex') }
    } catch (error) {
      if (this.#db.inTransaction) this.#statements.rollback.run()
      throw error
    }
  }

  /**
   * How long the log gets before it is folded into the file. Short for single revocations: a commit that makes the
   * log's file longer takes twice the time of one that writes over what was folded in already. Long for large batches:
   * they touch most pages of the index again and again, and each is then folded in once.
   */
  #tuneLog(count: number): void {
    const long = count >= LARGE_BATCH
    if (long === this.#longLog) return
    this.#longLog = long
    this.#db.pragma(`wal_autocheckpoint = ${long ? LONG_LOG_PAGES : SHORT_LOG_PAGES}`)
  }

  /** The expiry that now stands. */
  #revoke(seq: number, mutation: UnpackedMutation): number {
    const { insert, find, move } = this.#statements
    const { digest, target, selector } = mutation
    // Nearly every revocation is a new one: try that first, and look only where the digest is taken.
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
    )
    if (changes === 1) return mutation.expiresAt
    const existing = find.get(this.#namespace, digest)
    if (existing === undefined) throw damaged('has a damaged index')
    const row = merge(existing, mutation, this.#toleranceSeconds)
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
      existing[0],
    )
    return row.expiresAt
  }

  /** The expiry of the tombstone, or -1 where nothing was live. */
  #unrevoke(seq: number, mutation: UnpackedMutation): number {
    const { find, bury } = this.#statements
    const existing = find.get(this.#namespace, mutation.digest)
    if (existing === undefined || !isLive(existing, this.#toleranceSeconds, mutation.revokedAt)) return -1
    const [at, , expiresAt] = existing
    bury.run(seq, mutation.revokedAt, at)
    return expiresAt
  }
}

const damaged = (how: string): RevocadeError =>
  new RevocadeError('ERR_STORE_CORRUPT', `The store ${how}. Restore it from a backup.`)

function prepare(db: Connection, namespace: number) {
  return {
    begin: db.prepare<[]>('BEGIN IMMEDIATE'),
    commit: db.prepare<[]>('COMMIT'),
    rollback: db.prepare<[]>('ROLLBACK'),
    head: db
      .prepare<[], [seq: number, epoch: string, bits: number]>(
        `
      SELECT head.seq, head.epoch, namespaces.bucket_bits FROM head, namespaces
      WHERE head.id = 1 AND namespaces.id = ${namespace}`,
      )
      .raw(),
    setHead: db.prepare<[seq: number, epoch: string, tag: Buffer]>(
      'UPDATE head SET seq = ?, epoch = ?, tag = ? WHERE id = 1',
    ),
    // The concatenation of two blobs is text with the same bytes, hence the cast.
    setBucket: db.prepare<[bucket: number, seq: number, tag: Buffer]>(`
      INSERT INTO buckets VALUES (${namespace}, ?, ?, ?, x'') ON CONFLICT DO UPDATE
      SET earlier = substr(CAST(tag || earlier AS BLOB), 1, ${EARLIER_TAGS * 8}), seq = excluded.seq, tag = excluded.tag`),
    startEpoch: db.prepare<[seq: number, epoch: string]>('INSERT OR REPLACE INTO epochs VALUES (?, ?)'),
    insert: db.prepare(`
      INSERT INTO revocations (seq, namespace, digest, revoked, expires_at, revoked_at, selector, target,
        issued_before, issued_through, reason, actor) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, digest) DO NOTHING`),
    find: db
      .prepare<[namespace: number, digest: Buffer], Existing>(
        `
      SELECT seq, revoked, expires_at, revoked_at, issued_before, issued_through, reason, actor
      FROM revocations WHERE namespace = ? AND digest = ?`,
      )
      .raw(),
    move: db.prepare(`
      UPDATE revocations SET seq = ?, revoked = 1, expires_at = ?, revoked_at = ?, selector = ?, target = ?,
        issued_before = ?, issued_through = ?, reason = ?, actor = ? WHERE seq = ?`),
    bury: db.prepare('UPDATE revocations SET seq = ?, revoked = 0, revoked_at = ? WHERE seq = ?'),
  }
}
