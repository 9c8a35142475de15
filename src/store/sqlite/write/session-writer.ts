import type { SessionCondition, SessionRow } from '../../../ports/index.js'
import type { Connection } from '../file/driver.js'
import { type KeptText, toKept } from '../file/kept-text.js'
import { type PackedCommit, unpackCommits } from './session-codec.js'

/** The commits of refresh tokens in one batch: packed, and how many they are. */
export interface PackedSessions {
  readonly memory: ArrayBuffer
  readonly count: number
}

/** Judges and makes commits of refresh tokens, within the transactions of a connection. */
export class SessionWriter {
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: Connection, namespace: number) {
    this.#statements = prepare(db, namespace)
  }

  /**
   * Begins with the commits of a batch.
   *
   * @param version The last version that was given.
   */
  begin(packed: PackedSessions | undefined, version: number): SessionBatch {
    return new SessionBatch(this, packed, version)
  }

  /** Whether all conditions of a commit hold. */
  holds({ conditions, salt }: PackedCommit): boolean {
    if (salt !== undefined) {
      const kept = this.#statements.salt.get(salt.minute)
      if (kept !== undefined && Buffer.compare(kept, salt.salt) !== 0) return false
    }
    return conditions.every((condition) => this.#isMet(condition))
  }

  #isMet(condition: SessionCondition): boolean {
    const { version, seq, ofSub, ofSid } = this.#statements
    if ('family' in condition) return (version.get(condition.family) ?? 0) === condition.version
    if ('digest' in condition) return (seq.get(condition.digest) ?? 0) === condition.seq
    const { group } = condition
    const found = 'sub' in group ? ofSub.get(toKept(group.sub)) : ofSid.get(toKept(group.sid))
    const [rows, newest] = found ?? [0, null]
    return rows === condition.rows && (newest ?? 0) <= condition.newest
  }

  put({ family, createdAt, purgeAt, state, ...names }: SessionRow, version: number): void {
    const { update, replace } = this.#statements
    const [sid, clientId, sub] = [toKept(names.sid), toKept(names.clientId), toKept(names.sub)]
    // Nearly every row only gets another state, and then no index changes.
    const { changes } = update.run(version, purgeAt, state, family, sid, clientId, sub, createdAt)
    if (changes === 0) replace.run(family, version, sid, clientId, sub, createdAt, purgeAt, state)
  }

  /** Keeps and deletes the salts that a commit says. Returns the number of changes. */
  salts({ salt, dropBefore }: PackedCommit): number {
    const { keepSalt, dropSalts } = this.#statements
    const kept = salt === undefined ? 0 : keepSalt.run(salt.minute, salt.salt).changes
    return kept + (dropBefore > 0 ? dropSalts.run(dropBefore).changes : 0)
  }
}

/** The commits of refresh tokens of one batch, each in its place among the mutations. */
export class SessionBatch {
  /** For each commit: 1 if it was made. */
  readonly made: Uint8Array<ArrayBuffer>
  /** The last version that was given. */
  version: number
  readonly #writer: SessionWriter
  readonly #commits: Iterator<PackedCommit, void, void>
  #next: PackedCommit | undefined
  #judged = 0
  /** The mutations before this one belong to a commit that was not made. */
  #refusedUpTo = 0

  constructor(writer: SessionWriter, packed: PackedSessions | undefined, version: number) {
    this.#writer = writer
    this.version = version
    this.made = new Uint8Array(packed?.count ?? 0)
    this.#commits = unpackCommits(packed?.memory ?? new ArrayBuffer(0), this.made.length)
    this.#advance()
  }

  /** Whether a mutation is to be made. Before that, judges the commits that come before it. */
  admits(mutation: number): boolean {
    while (this.#next !== undefined && this.#next.at <= mutation) this.#judge(this.#next)
    return mutation >= this.#refusedUpTo
  }

  /** Judges the commits that come after all mutations. */
  finish(): void {
    this.admits(Number.POSITIVE_INFINITY)
  }

  #judge(commit: PackedCommit): void {
    if (this.#writer.holds(commit)) {
      for (const row of commit.put) this.#writer.put(row, ++this.version)
      // Whatever changes counts, so that an earlier copy of the file can be told from this one.
      if (this.#writer.salts(commit) > 0) this.version++
      this.made[this.#judged] = 1
    } else {
      this.#refusedUpTo = commit.at + commit.mutations
    }
    this.#judged++
    this.#advance()
  }

  #advance(): void {
    const next = this.#commits.next()
    this.#next = next.done === true ? undefined : next.value
  }
}

function prepare(db: Connection, namespace: number) {
  const where = `FROM sessions WHERE namespace = ${namespace}`
  type Group = [rows: number, newest: number | null]
  return {
    version: db.prepare<[family: Uint8Array], number>(`SELECT version ${where} AND family = ?`).pluck(),
    ofSub: db.prepare<[sub: KeptText], Group>(`SELECT count(*), max(version) ${where} AND sub = ?`).raw(),
    ofSid: db.prepare<[sid: KeptText], Group>(`SELECT count(*), max(version) ${where} AND sid = ?`).raw(),
    seq: db
      .prepare<[digest: Uint8Array], number>(
        `SELECT seq FROM revocations WHERE namespace = ${namespace} AND digest = ?`,
      )
      .pluck(),
    salt: db
      .prepare<[minute: number], Buffer>(
        `SELECT salt FROM session_salts WHERE namespace = ${namespace} AND minute = ?`,
      )
      .pluck(),
    keepSalt: db.prepare<[minute: number, salt: Uint8Array]>(
      `INSERT INTO session_salts VALUES (${namespace}, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    dropSalts: db.prepare<[before: number]>(
      `DELETE FROM session_salts WHERE namespace = ${namespace} AND minute < ?`,
    ),
    update: db.prepare(`
      UPDATE sessions SET version = ?, purge_at = ?, state = ? WHERE namespace = ${namespace}
        AND family = ? AND sid = ? AND client_id = ? AND sub = ? AND created_at = ?`),
    // Deletes the row of the same family, and that of the same login and application.
    replace: db.prepare(`
      INSERT OR REPLACE INTO sessions
        (namespace, family, version, sid, client_id, sub, created_at, purge_at, state)
      VALUES (${namespace}, ?, ?, ?, ?, ?, ?, ?, ?)`),
  }
}
