import { randomBytes } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createRevocade, type Revocade, type TokenClaims } from '#dist/index.js'
import { EXPIRES_AT, freshClaims } from '../claims.js'
import { interleave, median, of, type Subject, timing, type Timing } from '../measure.js'
import { Random } from '../random.js'
import { assertAnswer, atLeast, atMost, type Case, type Context, type Row } from '../types.js'
import { TOLERATED } from './check.js'

const IN_FLIGHT = 256
/** Single checks timed per turn of the event loop. */
const GROUP = 8

/** What a revocation costs without this package: one row, one index, one fsync. */
class BareInsert implements Subject {
  readonly name = 'bare insert'
  readonly #random: Random
  readonly #db: Database.Database
  readonly #insert: Database.Statement
  #targets: string[] = []

  constructor(random: Random, path: string) {
    this.#random = random
    this.#db = new Database(path)
    this.#db.pragma('journal_mode = WAL')
    this.#db.pragma('synchronous = FULL')
    this.#db.exec(`CREATE TABLE revocations (seq INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, digest BLOB NOT NULL,
      revoked INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER NOT NULL, target TEXT NOT NULL,
      UNIQUE (namespace, digest)) STRICT`)
    this.#insert = this.#db.prepare('INSERT INTO revocations VALUES (NULL, 1, ?, 1, ?, ?, ?)')
  }

  prepare(count: number): void {
    this.#targets = Array.from({ length: count }, () => {
      const { iss, jti } = freshClaims(this.#random)
      return JSON.stringify(['id', 'jti', jti, iss])
    })
  }

  run(count: number): number {
    let written = 0
    for (let i = 0; i < count; i++) {
      written += this.#insert.run(randomBytes(16), EXPIRES_AT, Date.now(), this.#targets[i]).changes
    }
    return written
  }

  close(): void {
    this.#db.close()
  }
}

class RevokeOneByOne implements Subject {
  readonly name = 'await revoke'
  readonly #random: Random
  readonly #engine: Revocade
  #claims: TokenClaims[] = []

  constructor(random: Random, engine: Revocade) {
    this.#random = random
    this.#engine = engine
  }

  prepare(count: number): void {
    this.#claims = Array.from({ length: count }, () => freshClaims(this.#random))
  }

  async run(): Promise<number> {
    let written = 0
    for (const claims of this.#claims) if ((await this.#engine.revoke(claims)).seq > 0) written++
    return written
  }
}

async function run(context: Context): Promise<Row[]> {
  const random = new Random(context.seed, 'durable')
  await using engine = await createRevocade({ store: join(context.directory, 'durable.db') })
  const bare = new BareInsert(random, join(context.directory, 'bare.db'))
  const timings = await interleave([bare, new RevokeOneByOne(random, engine)],
    { rounds: { full: 60, quick: 20, test: 1 }[context.scale], batch: 50 })
  bare.close()
  const [one, insert] = [of(timings, 'await revoke').p50, of(timings, 'bare insert').p50]
  return [
    {
      what: 'await revoke(), one at a time ÷ bare insert, synchronous=FULL', value: one / insert, unit: 'x', target: atMost(2.5),
      from: `${(one / 1000).toFixed(0)} µs ÷ ${(insert / 1000).toFixed(0)} µs`,
    },
    ...await bursts(context, engine, random),
  ]
}

/** Times with nothing to do and times with 256 revocations in flight, in turn, with checks all along. */
async function bursts(context: Context, engine: Revocade, random: Random): Promise<Row[]> {
  const rounds = { full: 5, quick: 3, test: 1 }[context.scale]
  const count = { full: 40_000, quick: 10_000, test: 600 }[context.scale]
  const idle: number[] = []
  const busy: number[] = []
  const rates: number[] = []
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const probes = Array.from({ length: 20_000 }, () => freshClaims(random))
  const ticksOfBursts: number[] = []
  for (let round = 0; round < rounds; round++) {
    const revoked = Array.from({ length: count }, () => freshClaims(random))
    const pause = new AbortController()
    const resting = checkUntil(engine, probes, idle, pause.signal)
    await new Promise((resolve) => setTimeout(resolve, context.scale === 'test' ? 20 : 700))
    pause.abort()
    await resting

    const end = new AbortController()
    delay.enable()
    const before = busy.length
    const checking = checkUntil(engine, probes, busy, end.signal)
    const start = process.hrtime.bigint()
    await revokeAll(engine, revoked)
    rates.push(count / (Number(process.hrtime.bigint() - start) / 1e9))
    end.abort()
    await checking
    delay.disable()
    ticksOfBursts.push((busy.length - before) / GROUP)
    for (const claims of revoked.slice(0, 500)) assertAnswer(await engine.isRevoked(claims), 'a revoked token is active')
  }
  const [calm, loaded]: Timing[] = [timing(idle), timing(busy)]
  return [
    { what: `revocations a second, ${IN_FLIGHT} in flight`, value: median(rates), unit: '/s', target: atLeast(30_000), from: `median of ${rates.map((rate) => rate.toFixed(0)).join(', ')}` },
    {
      what: 'p99 of one check in that burst ÷ idle', value: loaded.p99 / calm.p99, unit: 'x', target: atMost(3),
      from: `${loaded.p99.toFixed(0)} ns ÷ ${calm.p99.toFixed(0)} ns; p50 ${loaded.p50.toFixed(0)} and ${calm.p50.toFixed(0)} ns, with the timer's own`,
    },
    { what: 'event-loop delay in that burst, p99', value: delay.percentile(99) / 1e6, unit: 'ms', from: `a turn takes 1 ms without load; ${median(ticksOfBursts).toFixed(0)} turns a burst` },
  ]
}

async function revokeAll(engine: Revocade, tokens: readonly TokenClaims[]): Promise<void> {
  let next = 0
  const client = async (): Promise<void> => {
    while (next < tokens.length) {
      const { seq } = await engine.revoke(tokens[next++])
      assertAnswer(seq > 0, 'a revocation was not written')
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, client))
}

/** A few checks at each turn of the event loop, each timed by itself. */
async function checkUntil(engine: Revocade, probes: readonly TokenClaims[], times: number[], signal: AbortSignal): Promise<void> {
  let at = 0
  let missed = 0
  let done = 0
  while (!signal.aborted) {
    for (let i = 0; i < GROUP; i++) {
      const claims = probes[at++ % probes.length]
      const start = process.hrtime.bigint()
      const active = engine.isClearlyActive(claims)
      times.push(Number(process.hrtime.bigint() - start))
      done++
      if (!active) missed++
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  assertAnswer(missed <= Math.ceil(done * TOLERATED), `${missed} of ${done} tokens that nobody revoked are not clearly active`)
}

export const durable: Case = { name: 'durable', title: 'Durable revocations (SQLite, synchronous=FULL)', run }
