import type { SessionGroup, SessionPage, StoredSession } from '../../ports/index.js'
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

/** Before every family. */
const NO_FAMILY = '0'.repeat(32)

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

  /** Oldest first. No index has that order, so the server finds the rows by that of the group. */
  async list(group: SessionGroup, from: string | undefined, limit: number): Promise<SessionPage> {
    const [column, name] = 'sub' in group ? ['sub', group.sub] : ['sid', group.sid]
    const [createdAt, family] = from?.split('/') ?? ['-1', NO_FAMILY]
    const [json, version] = await this.#read(
      `${this.#selectRows(`AND s.${column} = $3 AND (s.created_at, s.family) > ($4::bigint, $5::uuid)
        ORDER BY s.created_at, s.family LIMIT $6`)},
      (SELECT c.version FROM ${this.#schema}.session_commits c ORDER BY c.version DESC LIMIT 1)`,
      [this.#namespaceId, name, createdAt, family, limit],
    )
    const rows = toSessions(json)
    const last = rows.length < limit ? undefined : rows.at(-1)
    const next = last && `${last.createdAt}/${hex(last.family)}`
    return { rows, next, version: Number(version) }
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
    const [rows] = await this.#read(this.#selectRows(rest), [this.#namespaceId, ...values])
    return toSessions(rows)
  }

  #selectRows(rest: string): string {
    return `(SELECT json_agg(l.row) FROM (SELECT ${ROW_JSON} AS row FROM ${this.#schema}.sessions s
      WHERE s.namespace = $2 ${rest}) l)`
  }
}

const toSessions = (json: string | null | undefined): StoredSession[] =>
  json === null || json === undefined ? [] : (JSON.parse(json) as RawSession[]).map(toSession)

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
