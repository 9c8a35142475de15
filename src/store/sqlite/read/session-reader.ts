import type { SessionGroup, StoredSession } from '../../../ports/index.js'
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
]

/** Reads refresh tokens on a given connection. Each call reads one snapshot. */
export class SessionReader {
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: Connection, namespace: number) {
    this.#statements = prepare(db, namespace)
  }

  get(family: Uint8Array): StoredSession | undefined {
    const row = this.#statements.get.get(family)
    return row === undefined ? undefined : ofFamily(family, row)
  }

  list(group: SessionGroup): StoredSession[] {
    const { ofSub, ofSid } = this.#statements
    const rows = 'sub' in group ? ofSub.all(toKept(group.sub)) : ofSid.all(toKept(group.sid))
    return rows.map(toSession)
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
  const oldestFirst = 'ORDER BY created_at, family'
  return {
    get: db.prepare<[family: Uint8Array], RawSession>(`SELECT ${COLUMNS} ${from} AND family = ?`).raw(),
    ofSub: db.prepare<[sub: KeptText], RawSession>(`${where} AND sub = ? ${oldestFirst}`).raw(),
    ofSid: db.prepare<[sid: KeptText], RawSession>(`${where} AND sid = ? ${oldestFirst}`).raw(),
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
