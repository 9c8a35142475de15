import type pg from 'pg'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'
import { type Cost, costOf } from '../../harness/cost.js'
import { PostgresServer } from '../../harness/postgres-server.js'
import { median } from '../../harness/statistics.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { EXPIRES_AT } from '../../inputs/claims.js'
import { sizesOf } from '../sizes.js'

const FETCH = 4096

const assertRead = (rows: number, got: number): void =>
  assertAnswer(got === rows, `${got} rows were read, not ${rows}`)

async function scan(store: PostgresStore): Promise<number> {
  let rows = 0
  for await (const { expiresAt } of store.scan(0)) rows += expiresAt.length
  return rows
}

async function cursor(client: pg.Client): Promise<number> {
  let rows = 0
  await client.query(`BEGIN; DECLARE c NO SCROLL CURSOR FOR
    SELECT digest, expires_at FROM boot.revocations WHERE revoked`)
  for (let got = 1; got > 0; rows += got) got = (await client.query(`FETCH ${FETCH} FROM c`)).rows.length
  await client.query('COMMIT')
  return rows
}

async function run(context: Context): Promise<Row[]> {
  const { entries, rounds } = sizesOf('postgres-boot', context.scale)
  await using server = await PostgresServer.start(context.directory)
  const store = new PostgresStore(server.store('boot'), { readTimeoutMs: 60_000 })
  await openStore(store)
  const client = await server.connect()
  await client.query(`INSERT INTO boot.revocations
      (namespace, digest, seq, revoked, expires_at, revoked_at, target)
    SELECT (SELECT max(id) FROM boot.namespaces), gen_random_uuid(), n, true,
      ${EXPIRES_AT} + n % 3600, 0, '["i","jti","' || n || '"]' FROM generate_series(1, ${entries}) n`)
  await client.query('VACUUM ANALYZE boot.revocations')
  const costs: { readonly scan: Cost; readonly cursor: Cost }[] = []
  for (let round = -1; round < rounds; round++) {
    const cost = {
      scan: await costOf(async () => assertRead(entries, await scan(store))),
      cursor: await costOf(async () => assertRead(entries, await cursor(client))),
    }
    if (round >= 0) costs.push(cost)
  }
  await client.end()
  await store.close()
  return [
    ratio(costs, 'ms', 'the scan at the start ÷ a cursor: time', 0.4),
    ratio(costs, 'cpuMs', 'the same: processor time of the client', 0.2),
    {
      what: 'the longest time that the scan keeps the event loop from turning',
      value: median(costs.map((cost) => cost.scan.stallMs)),
      unit: 'ms',
      target: atMost(20),
      from: `a cursor: ${median(costs.map((cost) => cost.cursor.stallMs)).toFixed(0)} ms; ${server.version}`,
    },
  ]
}

/** The median of the rounds' ratios. */
function ratio(
  costs: readonly { readonly scan: Cost; readonly cursor: Cost }[],
  of: 'ms' | 'cpuMs',
  what: string,
  most: number,
): Row {
  const [ours, others] = [costs.map(({ scan }) => scan[of]), costs.map(({ cursor }) => cursor[of])]
  return {
    what,
    value: median(costs.map(({ scan, cursor }) => scan[of] / cursor[of])),
    unit: 'x',
    target: atMost(most),
    from: `${median(ours).toFixed(0)} ÷ ${median(others).toFixed(0)} ms`,
  }
}

export const postgresBoot: Case = {
  name: 'postgres-boot',
  title: 'Reading a million live revocations from PostgreSQL',
  run,
}
