import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createRevocade } from '#dist/index.js'
import { Calls } from '../../engines/stores/calls.js'
import { interleave, measurements, of, type Timed } from '../../harness/measure.js'
import { PostgresServer } from '../../harness/postgres-server.js'
import { mean, median } from '../../harness/statistics.js'
import { assertAnswer, atLeast, atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { EXPIRES_AT } from '../../inputs/claims.js'
import { sizesOf } from '../sizes.js'

const IN_FLIGHT = 256
const CONNECTIONS = 16
const PROCESSES = 4

const INSERT = 'INSERT INTO bare (digest, expires_at, target) VALUES ($1, $2, $3)'

const values = (): unknown[] => [randomUUID(), EXPIRES_AT, `["i","jti","${randomUUID()}"]`]

async function run(context: Context): Promise<Row[]> {
  await using server = await PostgresServer.start(context.directory)
  const pool = new pg.Pool({ connectionString: server.url, max: CONNECTIONS })
  pool.on('error', () => undefined) // of connections that are still closing when the server stops
  try {
    await pool.query('CREATE TABLE bare (digest uuid PRIMARY KEY, expires_at bigint, target text)')
    return [...(await besideInserts(context, server, pool)), await fourToOne(context, server)]
  } finally {
    await pool.end()
  }
}

/** What users write without this package: a row with an index, in a commit of its own. */
async function besideInserts(context: Context, server: PostgresServer, pool: pg.Pool): Promise<Row[]> {
  const { rounds, alone, together } = sizesOf('postgres-write', context.scale)
  await using engine = await createRevocade({ store: server.store('write') })
  let revoked = 0
  const revoke = async (): Promise<void> => {
    const { seq } = await engine.revoke({ jti: randomUUID(), exp: EXPIRES_AT })
    assertAnswer(seq > 0, 'it was revoked before')
    revoked++
  }
  const insert = (): Promise<unknown> => pool.query(INSERT, values())
  const one = await interleave([new Calls('revoke', revoke), new Calls('INSERT', insert)], {
    rounds,
    batch: alone,
  })
  const many = await interleave(
    [
      new Calls(`revoke, ${IN_FLIGHT} in flight`, revoke, IN_FLIGHT),
      new Calls(`INSERT, ${CONNECTIONS} connections`, insert, IN_FLIGHT),
    ],
    { rounds, batch: together },
  )
  assertAnswer(engine.stats().store.seq === revoked, 'revocations are missing')
  for (const timings of [one, many]) context.record(measurements(timings, 0))
  const [ours, bare] = [
    rate(many, `revoke, ${IN_FLIGHT} in flight`),
    rate(many, `INSERT, ${CONNECTIONS} connections`),
  ]
  const [single, insertion] = [of(one, 'revoke').p50 / 1000, of(one, 'INSERT').p50 / 1000]
  return [
    {
      what: 'one revoke() ÷ one INSERT, each a commit',
      value: single / insertion,
      unit: 'x',
      target: atMost(1.6),
      from: `${single.toFixed(0)} ÷ ${insertion.toFixed(0)} µs; ${server.version}`,
    },
    {
      what: `revoke(), ${IN_FLIGHT} in flight ÷ INSERTs over ${CONNECTIONS} connections`,
      value: ours / bare,
      unit: 'x',
      target: atLeast(5),
      from: `${ours.toFixed(0)} ÷ ${bare.toFixed(0)} a second`,
    },
    { what: `revocations, ${IN_FLIGHT} in flight`, value: ours, unit: '/s', target: atLeast(5000) },
  ]
}

const rate = (timings: ReadonlyMap<string, Timed>, name: string): number =>
  1e9 / mean(of(timings, name).samples)

/** Revocations by four processes together, beside what one of them makes. */
async function fourToOne(context: Context, server: PostgresServer): Promise<Row> {
  const { slices, sliceMs } = sizesOf('postgres-write', context.scale)
  const script = fileURLToPath(new URL('../../engines/stores/writer.js', import.meta.url))
  const children = Array.from({ length: PROCESSES }, () => fork(script, [server.store('processes')]))
  await Promise.all(children.map((child) => once(child, 'message')))
  const written = async (count: number): Promise<number> => {
    const asked = children.slice(0, count).map(async (child) => {
      child.send(sliceMs)
      const [made] = (await once(child, 'message')) as [number]
      return made
    })
    return (await Promise.all(asked)).reduce((sum, made) => sum + made, 0)
  }
  const ratios: number[] = []
  for (let slice = -1; slice < slices; slice++) {
    const [one, four] = [await written(1), await written(PROCESSES)]
    assertAnswer(one > 0 && four > 0, 'nothing was written')
    if (slice >= 0) ratios.push(four / one)
  }
  for (const child of children) child.disconnect()
  await Promise.all(children.map((child) => once(child, 'exit')))
  return {
    what: `${PROCESSES} processes together ÷ one, 64 in flight in each`,
    value: median(ratios),
    unit: 'x',
    target: atLeast(0.5),
    from: `median of ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`,
  }
}

export const postgresWrite: Case = {
  name: 'postgres-write',
  title: 'Revocations on PostgreSQL, beside bare INSERTs on the same server',
  run,
}
