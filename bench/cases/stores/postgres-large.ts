import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { createRevocade } from '#dist/index.js'
import { Calls } from '../../engines/stores/calls.js'
import { type Cost, costOf } from '../../harness/cost.js'
import { interleave, measurements, of, seconds } from '../../harness/measure.js'
import { PostgresServer } from '../../harness/postgres-server.js'
import { median } from '../../harness/statistics.js'
import { assertAnswer, type Case, type Context, type Row } from '../../harness/types.js'
import { EXPIRES_AT } from '../../inputs/claims.js'
import { sizesOf } from '../sizes.js'

const KINDS = ['bloom', 'fuse'] as const
type Kind = (typeof KINDS)[number]

const MIB = 2 ** 20
/** The share of entries that a filter may not tell from another entry, at most: it holds both. */
const TWINS = 1e-5

/** Fills a store with revocations of one commit. The indexes are built at the end, which is much faster. */
async function fill(client: pg.Client, entries: number): Promise<void> {
  await client.query(`ALTER TABLE large.revocations DROP CONSTRAINT revocations_pkey;
    DROP INDEX large.revocations_seq;
    INSERT INTO large.revocations (namespace, digest, seq, revoked, expires_at, revoked_at, target)
    SELECT (SELECT max(id) FROM large.namespaces), gen_random_uuid(), n, true, ${EXPIRES_AT} + n % 3600, 0,
      '["id","jti","' || gen_random_uuid() || '","https://issuer.example"]'
    FROM generate_series(1, ${entries}) n;
    ALTER TABLE large.revocations ADD PRIMARY KEY (namespace, digest);
    CREATE UNIQUE INDEX revocations_seq ON large.revocations (seq);
    INSERT INTO large.commits SELECT ${entries}, '\\x0102030405060708', 0, max(id), 0, NULL
      FROM large.namespaces`)
  await client.query('VACUUM ANALYZE large.revocations')
}

async function sizes(client: pg.Client): Promise<{ readonly table: number; readonly indexes: number }> {
  const { rows } = await client.query<{ readonly table: string; readonly indexes: string }>(
    `SELECT pg_table_size('large.revocations') AS table, pg_indexes_size('large.revocations') AS indexes`,
  )
  return { table: Number(rows[0]?.table), indexes: Number(rows[0]?.indexes) }
}

interface Started {
  readonly costs: readonly Cost[]
  /** Of the prefilter, as the engine says. */
  readonly bytes: number
  /** Of the process, since before the first start. */
  readonly rss: number
}

async function starts(
  store: string,
  kind: Kind,
  { entries, rounds }: { readonly entries: number; readonly rounds: number },
): Promise<Started> {
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const costs: Cost[] = []
  let [bytes, rss] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const { result: engine, ...cost } = await costOf(() => createRevocade({ store, prefilter: { kind } }))
    costs.push(cost)
    const { prefilter, lease } = engine.stats()
    const isHeld = prefilter.entries <= entries && prefilter.entries > entries * (1 - TWINS)
    assertAnswer(isHeld && lease.live, `${prefilter.entries} of ${entries} are held`)
    globalThis.gc?.()
    if (round === 0) [bytes, rss] = [prefilter.bytes, process.memoryUsage().rss - before]
    await engine.close()
  }
  return { costs, bytes, rss }
}

async function run(context: Context): Promise<Row[]> {
  const { entries, rounds, writeRounds } = sizesOf('postgres-large', context.scale)
  await using server = await PostgresServer.start(context.directory)
  const store = server.store('large')
  await (await createRevocade({ store })).close() // makes the schema
  const client = await server.connect()
  const filled = await seconds(() => fill(client, entries))
  const { table, indexes } = await sizes(client)
  await client.end()
  const rows: Row[] = [
    {
      what: 'the table and its indexes, for one revocation',
      value: (table + indexes) / entries,
      unit: 'bytes',
      from: `${mib(table)} + ${mib(indexes)}, filled in ${filled.seconds.toFixed(0)} s; ${server.version}`,
    },
  ]
  for (const kind of KINDS)
    rows.push(...startRows(kind, entries, await starts(store, kind, { entries, rounds })))
  return [...rows, await revocation(context, store, { entries, rounds: writeRounds })]
}

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`

function startRows(kind: Kind, entries: number, { costs, bytes, rss }: Started): Row[] {
  const all = (of: keyof Cost): string => costs.map((cost) => (cost[of] / 1000).toFixed(2)).join(', ')
  return [
    {
      what: `createRevocade, ${kind}`,
      value: median(costs.map(({ ms }) => ms)) / 1000,
      unit: 's',
      from: `median of ${all('ms')} s; processor time of the engine ${all('cpuMs')} s`,
    },
    {
      what: `the longest stall of the event loop meanwhile, ${kind}`,
      value: median(costs.map(({ stallMs }) => stallMs)),
      unit: 'ms',
    },
    {
      what: `memory of the prefilter ${kind}, for one revocation`,
      value: bytes / entries,
      unit: 'bytes',
      from: `${mib(bytes)}; the process took ${mib(rss)} more after its first start than before`,
    },
  ]
}

/** A revocation, with so many beside it. */
async function revocation(
  context: Context,
  store: string,
  { entries, rounds }: { readonly entries: number; readonly rounds: number },
): Promise<Row> {
  await using engine = await createRevocade({ store })
  const revoke = new Calls('revoke', () => engine.revoke({ jti: randomUUID(), exp: EXPIRES_AT }))
  const timings = await interleave([revoke], { rounds, batch: 20 })
  context.record(measurements(timings, entries))
  return { what: 'one revoke() beside them, p50', value: of(timings, 'revoke').p50 / 1e6, unit: 'ms' }
}

/** It takes some minutes and 5 GB of the disk, so it runs only when it is named. */
export const postgresLarge: Case = {
  name: 'postgres-large',
  title: 'Ten million live revocations on PostgreSQL',
  nodeFlags: ['--expose-gc'],
  run,
}
