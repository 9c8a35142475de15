import type { Position } from '#dist/ports/index.js'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'
import { Calls, revocation } from '../../engines/stores/calls.js'
import { interleave, measurements, of } from '../../harness/measure.js'
import { PostgresServer } from '../../harness/postgres-server.js'
import { median } from '../../harness/statistics.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { sizesOf } from '../sizes.js'

const LIMIT = 10_000

async function run(context: Context): Promise<Row[]> {
  await using server = await PostgresServer.start(context.directory)
  return [await idlePoll(context, server), await heldSnapshot(context, server)]
}

async function opened(server: PostgresServer, schema: string): Promise<PostgresStore> {
  const store = new PostgresStore(server.store(schema), { readTimeoutMs: 60_000, writeTimeoutMs: 60_000 })
  await openStore(store)
  return store
}

/** What each engine asks three times in the time of `maxStalenessMs`, where nothing has changed. */
async function idlePoll(context: Context, server: PostgresServer): Promise<Row> {
  const { rounds, batch } = sizesOf('postgres-read', context.scale)
  const store = await opened(server, 'idle')
  const client = await server.connect()
  await store.write([revocation()])
  const position = await newest(store)
  const poll = async (): Promise<void> => {
    const answer = await store.poll(position, LIMIT)
    assertAnswer(answer.status === 'ok' && answer.changes.length === 0, 'something has changed')
  }
  const workloads = [new Calls('idle poll', poll), new Calls('SELECT 1', () => client.query('SELECT 1'))]
  const timings = await interleave(workloads, { rounds, batch })
  context.record(measurements(timings, 1))
  await client.end()
  await store.close()
  const [ours, select] = [of(timings, 'idle poll').p50 / 1000, of(timings, 'SELECT 1').p50 / 1000]
  return {
    what: 'a poll that finds nothing ÷ SELECT 1',
    value: ours / select,
    unit: 'x',
    target: atMost(2.1),
    from: `${ours.toFixed(0)} ÷ ${select.toFixed(0)} µs; ${server.version}`,
  }
}

async function newest(store: PostgresStore): Promise<Position> {
  let position: Position = { seq: 0, epoch: '' }
  for (let more = true; more;) {
    const answer = await store.poll(position, LIMIT)
    assertAnswer(answer.status === 'ok', 'the store diverged')
    ;({ position, more } = answer)
  }
  return position
}

/** Microseconds of polls that find one change each. */
async function pollTimes(store: PostgresStore, polls: number): Promise<number[]> {
  let position = await newest(store)
  const times: number[] = []
  while (times.length < polls) {
    await store.write([revocation()])
    const started = performance.now()
    const answer = await store.poll(position, LIMIT)
    times.push((performance.now() - started) * 1000)
    assertAnswer(answer.status === 'ok' && answer.changes.length === 1, 'the poll finds the change')
    ;({ position } = answer)
  }
  return times
}

/** Polls after many commits, while another program holds a snapshot from before them. */
async function heldSnapshot(context: Context, server: PostgresServer): Promise<Row> {
  const { commits, polls } = sizesOf('postgres-read', context.scale)
  const store = await opened(server, 'held')
  const holder = await server.connect()
  await pollTimes(store, polls) // warms up
  const fresh = median(await pollTimes(store, polls))
  await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await holder.query('SELECT count(*) FROM held.commits')
  for (let i = 0; i < commits; i++) await store.write([revocation()])
  const held = median(await pollTimes(store, polls))
  await holder.end()
  await store.close()
  return {
    what: `a poll after ${commits.toLocaleString('en')} commits under a held snapshot ÷ a fresh one`,
    value: held / fresh,
    unit: 'x',
    target: atMost(1.5),
    from: `medians of ${polls}: ${held.toFixed(0)} ÷ ${fresh.toFixed(0)} µs`,
  }
}

export const postgresRead: Case = {
  name: 'postgres-read',
  title: 'Polls on PostgreSQL',
  run,
}
