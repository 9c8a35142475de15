import type { SessionGroup, SessionPage, StoredSession } from '../../../ports/index.js'
import type { Connection } from '../file/driver.js'
import { fromKept, type KeptText, toKept } from '../file/kept-text.js'

/** Bytes come as text: each blob would be a piece of memory of its own, which the garbage collector pays. */
const COLUMNS = 'version, sid, client_id, sub, created_at, purge_at, hex(state)'

type RawSession = readonly [
  version: number,
  sid: KeptText,
  clientId: KeptText,
  sub: KeptText,
  createdAt: number,
  purgeAt: number,
  state: string,
  /** Only where it is not known already. */
  family?: string,
  /** Only in a list. */
  id?: number,
]

/** Reads refresh tokens on a given connection. Each call reads one snapshot, but `list` two. */
export class SessionReader {
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: Connection, namespace: number) {
    this.#statements = prepare(db, namespace)
  }

  get(family: Uint8Array): StoredSession | undefined {
    const row = this.#statements.get.get(family)
    return row === undefined ? undefined : ofFamily(family, row)
  }

  /** In order of `id`, which a row keeps for as long as it is there. */
  list(group: SessionGroup, from: string | undefined, limit: number): SessionPage {
    const { version, ofSub, ofSid } = this.#statements
    const given = version.get() ?? 0 // first: what is written in between has a greater one
    const [select, name] = 'sub' in group ? [ofSub, group.sub] : [ofSid, group.sid]
    const rows = select.all(toKept(name), from === undefined ? -1 : Number(from), limit)
    const last = rows.length < limit ? undefined : rows.at(-1)?.[8]
    return { rows: rows.map(toSession), next: last === undefined ? undefined : String(last), version: given }
  }

  page(after: Uint8Array | undefined, limit: number): StoredSession[] {
    return this.#statements.page.all(after ?? new Uint8Array(0), limit).map(toSession)
  }

  salt(minute: number): Uint8Array | undefined {
    const salt = this.#statements.salt.get(minute)
    return salt === undefined ? undefined : new Uint8Array(salt)
  }
}

const toSession = (row: RawSession): StoredSession => ofFamily(bytesOf(row[7] ?? ''), row)

const ofFamily = (family: Uint8Array, row: RawSession): StoredSession => ({
  family,
  version: row[0],
  sid: fromKept(row[1]),
  clientId: fromKept(row[2]),
  sub: fromKept(row[3]),
  createdAt: row[4],
  purgeAt: row[5],
  state: bytesOf(row[6]),
})

function bytesOf(hex: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(hex, 'hex')
  return new Uint8Array(buffer, byteOffset, length)
}

function prepare(db: Connection, namespace: number) {
  const from = `FROM sessions WHERE namespace = ${namespace}`
  const where = `SELECT ${COLUMNS}, hex(family) ${from}`
  const listed = `SELECT ${COLUMNS}, hex(family), id ${from}`
  type After = [name: KeptText, id: number, limit: number]
  return {
    get: db.prepare<[family: Uint8Array], RawSession>(`SELECT ${COLUMNS} ${from} AND family = ?`).raw(),
    version: db.prepare<[], number>('SELECT commits FROM head WHERE id = 1').pluck(),
    ofSub: db.prepare<After, RawSession>(`${listed} AND sub = ? AND id > ? ORDER BY id LIMIT ?`).raw(),
    // By the index of the login, which has few rows; never by walking through the table in order of id.
    ofSid: db.prepare<After, RawSession>(`${listed} AND sid = ? AND +id > ? ORDER BY +id LIMIT ?`).raw(),
    page: db
      .prepare<[after: Uint8Array, limit: number], RawSession>(
        `${where} AND family > ? ORDER BY family LIMIT ?`,
      )
      .raw(),
    salt: db
      .prepare<[minute: number], Buffer>(
        `SELECT salt FROM session_salts WHERE namespace = ${namespace} AND minute = ?`,
      )
      .pluck(),
  }
}
