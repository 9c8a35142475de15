import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createRevocade } from '#dist/index.js'
import { createSessions, type Sessions } from '#dist/sessions/index.js'
import { BareInsert } from '../../engines/bare-insert.js'
import { inFlight } from '../../harness/in-flight.js'
import { interleave, measurements, of, seconds, type Workload } from '../../harness/measure.js'
import { median } from '../../harness/statistics.js'
import { assertAnswer, atLeast, atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { Random } from '../../inputs/random.js'
import { sizesOf } from '../sizes.js'

/** Refreshes under way at a time. */
const IN_FLIGHT = 256
/** Logins of the user whose list is read. */
const DEVICES = 3

/** One refresh after the other, each of another session. */
class Rotate implements Workload {
  readonly name = 'rotate'
  readonly #sessions: Sessions
  readonly #tokens: string[]
  #at = 0

  constructor(sessions: Sessions, tokens: string[]) {
    this.#sessions = sessions
    this.#tokens = tokens
  }

  prepare(): void {
    // The tokens are those of the batch before.
  }

  async run(count: number): Promise<number> {
    let rotated = 0
    for (let i = 0; i < count; i++) {
      const at = this.#at++ % this.#tokens.length
      const { refreshToken, replayed } = await this.#sessions.rotate(this.#tokens[at] ?? '')
      if (!replayed && refreshToken !== this.#tokens[at]) rotated++
      this.#tokens[at] = refreshToken
    }
    return rotated
  }
}

/** The devices of one user after the other. */
class ListDevices implements Workload {
  readonly name = 'list'
  readonly #sessions: Sessions
  readonly #subs: readonly string[]
  #at = 0

  constructor(sessions: Sessions, subs: readonly string[]) {
    this.#sessions = sessions
    this.#subs = subs
  }

  prepare(): void {
    // The users are there.
  }

  async run(count: number): Promise<number> {
    let right = 0
    for (let i = 0; i < count; i++) {
      let devices = 0
      const sub = this.#subs[this.#at++ % this.#subs.length] ?? ''
      for await (const session of this.#sessions.list({ sub })) if (session.sub === sub) devices++
      if (devices === DEVICES) right++
    }
    return right
  }
}

/** What a list costs without this package: an indexed SELECT, of the same rows. */
class BareSelect implements Workload {
  readonly name = 'bare SELECT'
  readonly #db: Database.Database
  readonly #select: Database.Statement<[string]>
  readonly #subs: readonly string[]
  #at = 0

  constructor(path: string, subs: readonly string[]) {
    this.#db = new Database(path)
    this.#db.pragma('journal_mode = WAL')
    this.#db.exec(
      `CREATE TABLE sessions (id INTEGER PRIMARY KEY, sid TEXT NOT NULL, sub TEXT NOT NULL,
      created_at INTEGER NOT NULL, rotated_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
      token BLOB NOT NULL, details TEXT) STRICT;
      CREATE INDEX sessions_of_user ON sessions (sub)`,
    )
    const insert = this.#db.prepare("INSERT INTO sessions VALUES (NULL, ?, ?, 1, 1, 1, zeroblob(32), '{}')")
    this.#db.transaction(() => {
      for (const sub of subs)
        for (let device = 0; device < DEVICES; device++) insert.run(`${sub}/${device}`, sub)
    })()
    this.#select = this.#db.prepare('SELECT * FROM sessions WHERE sub = ?')
    this.#subs = subs
  }

  prepare(): void {
    // The users are there.
  }

  run(count: number): number {
    let right = 0
    for (let i = 0; i < count; i++)
      if (this.#select.all(this.#subs[this.#at++ % this.#subs.length] ?? '').length === DEVICES) right++
    return right
  }

  close(): void {
    this.#db.close()
  }
}

async function run(context: Context): Promise<Row[]> {
  const { users, rounds, batch, bursts, burst, listRounds } = sizesOf('sessions', context.scale)
  const random = new Random(context.seed, 'sessions')
  const path = join(context.directory, 'sessions.db')
  await using engine = await createRevocade({
    store: path,
    snapshot: false,
    maxTokenLifetimeSeconds: 90 * 86_400,
  })
  const sessions = createSessions(engine, { accessTokenSeconds: 600 })
  const subs = Array.from({ length: users }, () => `auth0|${random.hex(24)}`)
  const tokens: string[] = []
  await inFlight(
    subs.flatMap((sub) => Array.from({ length: DEVICES }, () => sub)),
    IN_FLIGHT,
    async (sub) => tokens.push((await sessions.create({ sub })).refreshToken),
  )
  const held = users * DEVICES
  const bytes = bytesOf(path) / held

  const bare = new BareInsert(random, join(context.directory, 'sessions-bare.db'))
  const alone = await interleave([bare, new Rotate(sessions, tokens)], { rounds, batch })
  bare.close()
  const select = new BareSelect(join(context.directory, 'sessions-select.db'), subs)
  const lists = await interleave([select, new ListDevices(sessions, subs)], { rounds: listRounds, batch: 64 })
  select.close()
  context.record([...measurements(alone, held), ...measurements(lists, held)])
  const rates = await burstsOf(sessions, tokens, { bursts, burst })
  return [
    ratio(of(alone, 'rotate').p50, of(alone, 'bare insert').p50, {
      what: 'rotate(), one at a time ÷ bare insert, synchronous=FULL',
      most: 2.5,
    }),
    {
      what: `refreshes a second, ${IN_FLIGHT} in flight`,
      value: median(rates),
      unit: '/s',
      target: atLeast(15_000),
      from: `median of ${rates.map((rate) => rate.toFixed(0)).join(', ')}`,
    },
    {
      what: 'a session in SQLite, indexes included',
      value: bytes,
      unit: 'bytes',
      target: atMost(350),
      from: `${held.toLocaleString('en')} sessions`,
    },
    ratio(of(lists, 'list').p50, of(lists, 'bare SELECT').p50, {
      what: `list({ sub }) of ${DEVICES} sessions ÷ bare indexed SELECT`,
      most: 5,
    }),
  ]
}

function ratio(ours: number, bare: number, { what, most }: { what: string; most: number }): Row {
  const from = `${(ours / 1000).toFixed(1)} ÷ ${(bare / 1000).toFixed(1)} µs`
  return { what, value: ours / bare, unit: 'x', target: atMost(most), from }
}

/** Refreshes of different sessions, many at a time. Returns how many a second, of each burst. */
async function burstsOf(
  sessions: Sessions,
  tokens: string[],
  { bursts, burst }: { readonly bursts: number; readonly burst: number },
): Promise<number[]> {
  const rates: number[] = []
  for (let round = 0; round < bursts; round++) {
    let replays = 0
    const { seconds: time } = await seconds(() =>
      inFlight(tokens.slice(0, burst).entries(), IN_FLIGHT, async ([at, token]) => {
        const { refreshToken, replayed } = await sessions.rotate(token)
        tokens[at] = refreshToken
        if (replayed) replays++
      }),
    )
    assertAnswer(replays === 0, `${replays} refreshes had an answer that another one had had`)
    rates.push(Math.min(burst, tokens.length) / time)
  }
  return rates
}

/** The size of the table and its indexes. */
function bytesOf(path: string): number {
  const db = new Database(path, { readonly: true })
  try {
    const sum = db
      .prepare<[], { bytes: number }>(
        `SELECT sum(pgsize) AS bytes FROM dbstat WHERE name IN
        (SELECT name FROM sqlite_schema WHERE tbl_name = 'sessions')`,
      )
      .get()
    return sum?.bytes ?? 0
  } finally {
    db.close()
  }
}

export const sessions: Case = { name: 'sessions', title: 'Refresh tokens in SQLite, synchronous=FULL', run }
