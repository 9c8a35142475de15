// Measures the PostgreSQL store beside plain statements on the same server, for docs/postgres.md:
//
//     npm run bench:build && node build/bench/postgres-store.js postgres://user@host/database
//
// It works in schemas of its own, which it drops. What is compared takes turns: trust the ratios.
import { fork } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Mutation, Position } from '#dist/ports/index.js'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'

const EXPIRES_AT = Math.floor(Date.now() / 1000) + 3600
const ROUNDS = 3
const SLICE_MS = 2000
const PROCESSES = 4
const IN_FLIGHT = 64
const ROWS = 1_000_000
const FETCH = 4096
const COMMITS = 60_000
const POLLS = 400

const [url = '', schema = ''] = process.argv.slice(2)

const storeIn = async (schema: string): Promise<PostgresStore> => {
  const store = new PostgresStore(url, { schema, readTimeoutMs: 60_000, writeTimeoutMs: 60_000 })
  await openStore(store)
  return store
}

/** The revocation of a token with a UUID as its `jti`. */
function revocation(): Mutation {
  const target = { kind: 'id', claim: 'jti', id: randomUUID(), iss: 'https://issuer.example' } as const
  return { op: 'revoke', digest: randomBytes(16), target, expiresAt: EXPIRES_AT, revokedAt: Date.now() }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** In a child: revokes for as long as each message says, and answers with the number of revocations. */
async function beWriter(): Promise<void> {
  const store = await storeIn(schema)
  process.on('message', (ms: number) => {
    const end = performance.now() + ms
    let written = 0
    const worker = async (): Promise<void> => {
      for (; performance.now() < end; written++) await store.write([revocation()])
    }
    void Promise.all(Array.from({ length: IN_FLIGHT }, worker)).then(() => process.send?.(written))
  })
  process.send?.('ready')
}

/** Revocations a second by four processes together, as a share of what one makes. */
async function fourToOne(schema: string): Promise<number> {
  const script = fileURLToPath(import.meta.url)
  const children = Array.from({ length: PROCESSES }, () => fork(script, [url, schema]))
  await Promise.all(children.map((child) => once(child, 'message')))
  const rate = async (count: number): Promise<number> => {
    const asked = children.slice(0, count).map(async (child) => {
      child.send(SLICE_MS)
      const [written] = (await once(child, 'message')) as [number]
      return written
    })
    return (await Promise.all(asked)).reduce((sum, written) => sum + written, 0)
  }
  const ratios: number[] = []
  for (let round = -1; round < ROUNDS; round++) {
    const [one, four] = [await rate(1), await rate(PROCESSES)]
    if (round >= 0) ratios.push(four / one)
  }
  for (const child of children) child.kill()
  return median(ratios)
}

interface Cost {
  readonly ms: number
  readonly cpuMs: number
  readonly stallMs: number
}

/** What some work costs this process: time, processor, and the longest time without a turn of the loop. */
async function costOf(work: () => Promise<number>): Promise<Cost> {
  let [stallMs, last] = [0, performance.now()]
  const timer = setInterval(() => {
    const now = performance.now()
    stallMs = Math.max(stallMs, now - last - 1)
    last = now
  }, 1)
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const rows = await work()
  const { user, system } = process.cpuUsage(cpu)
  clearInterval(timer)
  if (rows !== ROWS) throw new Error(`${rows} rows were read, not ${ROWS}`)
  return { ms: performance.now() - started, cpuMs: (user + system) / 1000, stallMs }
}

/** The boot scan of a million revocations beside a cursor. */
async function scans(schema: string, client: pg.Client): Promise<Record<'scan' | 'cursor', Cost>[]> {
  const store = await storeIn(schema)
  await client.query(`INSERT INTO ${schema}.revocations
      (namespace, digest, seq, revoked, expires_at, revoked_at, target)
    SELECT (SELECT max(id) FROM ${schema}.namespaces), gen_random_uuid(), n, true,
      ${EXPIRES_AT} + n % 3600, 0, '["i","jti","' || n || '"]' FROM generate_series(1, ${ROWS}) n`)
  await client.query(`VACUUM ANALYZE ${schema}.revocations`)
  const scan = async (): Promise<number> => {
    let rows = 0
    for await (const { expiresAt } of store.scan(0)) rows += expiresAt.length
    return rows
  }
  const cursor = async (): Promise<number> => {
    let rows = 0
    await client.query(`BEGIN; DECLARE c NO SCROLL CURSOR FOR
      SELECT digest, expires_at FROM ${schema}.revocations WHERE revoked`)
    for (let got = 1; got > 0; rows += got) got = (await client.query(`FETCH ${FETCH} FROM c`)).rows.length
    await client.query('COMMIT')
    return rows
  }
  const rounds = []
  for (let round = -1; round < ROUNDS; round++) {
    const costs = { scan: await costOf(scan), cursor: await costOf(cursor) }
    if (round >= 0) rounds.push(costs)
  }
  await store.close()
  return rounds
}

/** Median milliseconds of a poll that finds one change. */
async function pollMs(store: PostgresStore): Promise<number> {
  const times: number[] = []
  let position: Position = { seq: 0, epoch: '' }
  for (let more = true; more;) {
    const answer = await store.poll(position, 10_000)
    if (answer.status !== 'ok') throw new Error('the store diverged')
    ;({ position, more } = answer)
  }
  for (let i = 0; i < POLLS; i++) {
    await store.write([revocation()])
    const started = performance.now()
    const answer = await store.poll(position, 1000)
    times.push(performance.now() - started)
    if (answer.status === 'ok') ({ position } = answer)
  }
  return median(times)
}

/** A poll after many commits, while another program holds a snapshot from before them. */
async function heldToFresh(schema: string): Promise<number> {
  const store = await storeIn(schema)
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await pollMs(store) // warm
  const fresh = await pollMs(store)
  await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await holder.query(`SELECT count(*) FROM ${schema}.commits`)
  for (let i = 0; i < COMMITS; i++) await store.write([revocation()])
  const held = await pollMs(store)
  await holder.end()
  await store.close()
  return held / fresh
}

async function main(): Promise<void> {
  if (url === '') throw new Error('give the URL of a database: postgres://user@host/database')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const name = `revocade_bench_${randomBytes(4).toString('hex')}`
  const of = (rounds: Record<'scan' | 'cursor', Cost>[], what: keyof Cost): number =>
    median(rounds.map(({ scan, cursor }) => scan[what] / cursor[what]))
  try {
    const four = await fourToOne(`${name}_a`)
    say(`${PROCESSES} processes together, ${IN_FLIGHT} calls in flight each, to one: ${four.toFixed(2)}`)
    const rounds = await scans(`${name}_b`, client)
    const stallMs = median(rounds.map(({ scan }) => scan.stallMs))
    say(
      `scan of ${ROWS} rows to a cursor: time ${of(rounds, 'ms').toFixed(2)}, ` +
        `processor ${of(rounds, 'cpuMs').toFixed(2)}; longest stall ${stallMs.toFixed(0)} ms`,
    )
    const held = await heldToFresh(`${name}_c`)
    say(`poll after ${COMMITS} commits under a held snapshot to a fresh one: ${held.toFixed(2)}`)
  } finally {
    for (const one of ['a', 'b', 'c']) await client.query(`DROP SCHEMA IF EXISTS ${name}_${one} CASCADE`)
    await client.end()
  }
}

await (process.send === undefined ? main() : beWriter())
