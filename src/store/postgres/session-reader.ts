import type { SessionGroup, StoredSession } from '../../ports/index.js'
import { hex } from './batch.js'
import type { PgRow } from './driver.js'
import type { OpenedStore } from './setup.js'

type RawSession = readonly [
  family: string,
  version: number,
  sid: string,
  clientId: string,
  sub: string,
  createdAt: number,
  purgeAt: number,
  state: string,
]

/** A row `s` as a JSON array, so that no number depends on the parsers of the driver. */
const ROW_JSON = `json_build_array(encode(uuid_send(s.family), 'hex'), s.version, s.sid, s.client_id, s.sub,
  s.created_at, s.purge_at, encode(s.state, 'hex'))`

/** Reads refresh tokens. Each call is one statement, and so one snapshot. */
export class SessionReader {
  readonly #read: (expressions: string, values: readonly unknown[]) => Promise<PgRow>
  readonly #namespaceId: number
  readonly #schema: string

  /** @param read Selects expressions beside the guard; $1 is the name of the namespace. */
  constructor(
    read: (expressions: string, values: readonly unknown[]) => Promise<PgRow>,
    { schema, namespaceId }: OpenedStore,
  ) {
    this.#read = read
    this.#schema = schema
    this.#namespaceId = namespaceId
  }

  async get(family: Uint8Array): Promise<StoredSession | undefined> {
    return (await this.#rows('AND s.family = $3::uuid', [hex(family)]))[0]
  }

  list(group: SessionGroup): Promise<StoredSession[]> {
    return 'sub' in group
      ? this.#rows('AND s.sub = $3 ORDER BY s.created_at, s.family', [group.sub])
      : this.#rows('AND s.sid = $3 ORDER BY s.created_at, s.family', [group.sid])
  }

  page(after: Uint8Array | undefined, limit: number): Promise<StoredSession[]> {
    return after === undefined
      ? this.#rows('ORDER BY s.family LIMIT $3', [limit])
      : this.#rows('AND s.family > $3::uuid ORDER BY s.family LIMIT $4', [hex(after), limit])
  }

  async salt(minute: number): Promise<Uint8Array | undefined> {
    const sql = `(SELECT encode(s.salt, 'hex') FROM ${this.#schema}.session_salts s
      WHERE s.namespace = $2 AND s.minute = $3)`
    const [salt] = await this.#read(sql, [this.#namespaceId, Math.floor(minute)])
    return salt === null || salt === undefined ? undefined : bytes(salt)
  }

  /** The rows of the namespace that the rest of the statement selects, in its order. */
  async #rows(rest: string, values: readonly unknown[]): Promise<StoredSession[]> {
    const [rows] = await this.#read(
      `(SELECT json_agg(l.row) FROM (SELECT ${ROW_JSON} AS row FROM ${this.#schema}.sessions s
        WHERE s.namespace = $2 ${rest}) l)`,
      [this.#namespaceId, ...values],
    )
    return rows === null || rows === undefined ? [] : (JSON.parse(rows) as RawSession[]).map(toSession)
  }
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

const toSession = (row: RawSession): StoredSession => ({
  family: bytes(row[0]),
  version: row[1],
  sid: row[2],
  clientId: row[3],
  sub: row[4],
  createdAt: row[5],
  purgeAt: row[6],
  state: bytes(row[7]),
})
