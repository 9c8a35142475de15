import type { PgRow } from '#dist/store/postgres/driver.js'
import { TOO_LATE } from '#dist/store/postgres/errors.js'
import { type Applied, type Change, type HeldRow, History } from './history.js'

/** A row of the table `revocations`: the columns that are asked for. */
export interface PgHeldRow extends HeldRow {
  readonly revokedAt: number
  readonly selector: string | null
  /** `notBefore`, `issuedBefore`, `issuedThrough`, `actor`. */
  readonly details: readonly (number | string | null)[]
}

/** What one transaction sees. */
export interface Snapshot<Row> {
  readonly rows: ReadonlyMap<string, Row>
  readonly head: { readonly seq: number; readonly tag: string }
}

const ID = 'simulated'
const META: Readonly<Record<string, Buffer>> = {
  schema_version: Buffer.from('2'),
  id: Buffer.from(ID),
  key: Buffer.alloc(16, 7),
  clock_tolerance: Buffer.from('0'),
}
/** What each statement of a reader begins with: no replica, the store, the namespace. */
const GUARD = ['f', ID, '1']

/** An answer of the server that refuses a statement. */
class Refusal extends Error {
  readonly severity = 'ERROR'
  readonly code: string

  constructor(code: string) {
    super('refused')
    this.code = code
  }
}

/**
 * Answers the statements of the PostgreSQL store as its functions do on a server, with one bucket and one
 * namespace, for revocations that never expire.
 */
export class SimulatedStatements {
  readonly history = new History<PgHeldRow>()
  readonly #now: () => number

  /** @param now - the server's clock, in milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now
  }

  snapshot(): Snapshot<PgHeldRow> {
    const { rows, head } = this.history
    return { rows, head }
  }

  /** @param age - how many milliseconds the statement was on its way */
  answer(sql: string, values: readonly unknown[], age: number, snapshot = this.snapshot()): PgRow {
    if (sql.includes('.apply_v1(')) return this.#apply(values, age)
    if (sql.includes('.outcome_v1(')) return this.#outcome(values)
    if (sql.includes('.poll_v1(')) return this.#poll(values)
    if (sql.includes("'clock_tolerance'")) return this.#head()
    if (sql.includes('p.seq = 0 OR')) return [...GUARD, this.#contains(values)]
    if (sql.includes('r.digest = $3')) return [...GUARD, this.#get(String(values[2]))]
    if (sql.includes("set_config('work_mem'")) return [...GUARD, String(snapshot.head.seq), snapshot.head.tag]
    if (sql.includes('json_agg(s)')) return [shapesOf(snapshot.rows)]
    return this.#setUp(sql, values)
  }

  #setUp(sql: string, [value]: readonly unknown[]): PgRow {
    if (sql.includes('default_transaction_isolation'))
      return ['15.0', '150000', 'f', 'on', 'UTF8', 'read committed', 'off']
    if (sql.includes('to_regclass')) return ['meta', 't']
    if (sql.includes('.meta WHERE key')) return [META[String(value)]?.toString('hex') ?? null].filter(isText)
    if (sql.includes('.namespaces')) return ['1']
    if (sql.includes('max(seq)')) return [String(this.history.head.seq), String(this.#now())]
    if (/^(BEGIN|COMMIT|ROLLBACK|SELECT pg_advisory)/.test(sql)) return []
    throw new Error(`the simulated server does not know this statement: ${sql}`)
  }

  #apply([, , , tag, notAfter, , , , ...columns]: readonly unknown[], age: number): PgRow {
    const { history } = this
    const name = String(tag).slice(2)
    if (this.#now() > Number(notAfter) || history.notes.has(name)) {
      history.counts.late++
      throw new Refusal(TOO_LATE)
    }
    const applied = history.apply(name, changesOf(columns), age)
    const { seq, previous } = applied
    return [String(seq), previous, '0', 'on', resultOf(applied)]
  }

  #outcome([tag, after]: readonly unknown[]): PgRow {
    const { history } = this
    const name = String(tag).slice(2)
    const found = history.find(name, Number(after))
    if (found === undefined) {
      history.note(name)
      return [null, null, null, null, null]
    }
    history.counts.again++
    const { seq, base, previous } = found
    return [String(seq), String(base), previous, '0', resultOf(found)]
  }

  /** What each poll begins with. */
  #head(): PgRow {
    const { seq, tag } = this.history.head
    return [...GUARD, String(seq), tag, '0', String(this.#now())]
  }

  #poll([, after, afterTag, seen, limit]: readonly unknown[]): PgRow {
    const { history } = this
    const { seq, tag } = history.head
    const start = this.#head()
    if (seq === after && seen === after && tag === afterTag) return [...start, ...Array<null>(6).fill(null)]
    const later = history.after(Number(after))
    const page = later.slice(0, Number(limit))
    const last = page.length >= Number(limit) ? (page.at(-1)?.seq ?? null) : null
    const changes = page.map((row) => [row.seq, row.digest, row.revoked, row.expiresAt, row.selector])
    return [
      ...start,
      history.tagAt(Number(after)) ?? null,
      history.tagAt(Number(seen)) ?? null,
      last === null ? null : (history.tagAt(last) ?? null),
      JSON.stringify([last, changes]),
      ...['0', '[]'],
    ]
  }

  #contains([, seqs, tags]: readonly unknown[]): string {
    const wanted = Array.isArray(tags) ? (tags as readonly unknown[]) : []
    const numbers = Array.isArray(seqs) ? (seqs as readonly unknown[]).map(Number) : []
    return JSON.stringify(numbers.map((seq, i) => seq === 0 || this.history.tagAt(seq) === wanted[i]))
  }

  #get(digest: string): string | null {
    const row = this.history.rows.get(digest)
    if (row === undefined) return null
    const { seq, target, revoked, expiresAt, revokedAt, reason = null, details } = row
    const [notBefore = null, before = null, through = null, actor = null] = details
    const all = [seq, target, revoked, expiresAt, revokedAt, before, through, reason, actor, notBefore]
    return JSON.stringify(all)
  }
}

const isText = (value: string | null): value is string => value !== null

/** The columns of a batch, as `columnsOf` of the committer packs them. */
function changesOf(columns: readonly unknown[]): (readonly [string, Change<PgHeldRow>])[] {
  const lists = columns.map((column) =>
    typeof column === 'string' ? column.slice(1, -1).split(',') : (column as readonly (string | null)[]),
  )
  const at = (column: number, i: number): string | null => {
    const value = lists[column]?.[i] ?? null
    return value === 'NULL' ? null : value
  }
  const number = (column: number, i: number): number | null => {
    const value = at(column, i)
    return value === null ? null : Number(value)
  }
  return (lists[0] ?? []).map((_, i) => {
    const digest = at(1, i) ?? ''
    const revokedAt = number(3, i) ?? 0
    if (at(0, i) === 'f')
      return [
        digest,
        (seq, old) => (old?.revoked === true ? { ...old, seq, revoked: false, revokedAt } : undefined),
      ]
    const row = {
      ...{ digest, revoked: true, revokedAt, expiresAt: number(2, i) ?? 0 },
      ...{ selector: at(7, i), target: at(8, i) ?? '', reason: at(9, i) ?? undefined },
      details: [number(4, i), number(5, i), number(6, i), at(10, i)],
    }
    return [digest, (seq) => ({ ...row, seq })]
  })
}

/** What `apply_v1` tells of each mutation; null: each made a new row. */
function resultOf({ base, written }: Applied): string | null {
  if (written.every(({ seq, already }, i) => seq === base + 1 + i && !already)) return null
  return JSON.stringify([
    written.map(({ seq }) => seq),
    written.map(({ expiresAt }) => expiresAt),
    written.map(({ already }) => already),
    written.map(() => -1),
  ])
}

function shapesOf(rows: ReadonlyMap<string, PgHeldRow>): string {
  const live = [...rows.values()].filter(({ revoked }) => revoked)
  return JSON.stringify(live.map(({ selector, expiresAt }) => [selector, expiresAt, 1]))
}

/** `COPY … (FORMAT binary)` of the live rows, as one group. */
export function copyOf(rows: ReadonlyMap<string, PgHeldRow>, liveAfter: number): Buffer {
  const live = [...rows.values()].filter(({ revoked, expiresAt }) => revoked && expiresAt > liveAfter)
  const header = Buffer.alloc(19)
  const digests = Buffer.from(live.map(({ digest }) => digest).join(''), 'hex')
  const expiries = Buffer.alloc(live.length * 8)
  for (const [i, { expiresAt }] of live.entries()) expiries.writeDoubleBE(expiresAt, i * 8)
  const columns = [digests, expiries].map((column) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(column.length)
    return Buffer.concat([length, column])
  })
  const group = live.length === 0 ? [] : [Buffer.from([0, 2]), ...columns]
  return Buffer.concat([header, ...group, Buffer.from([0xff, 0xff])])
}
