import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { openStore, revoke } from '#dist/testing/store/fixtures.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

interface Sent {
  readonly text: string
  readonly name?: string
}

/** A pool that notes what is sent over it, and its connections. */
function watchedPool() {
  const pool = new pg.Pool({ connectionString: postgres.url('public'), max: 4 })
  onTestFinished(() => pool.end())
  const [sent, clients]: [Sent[], pg.PoolClient[]] = [[], []]
  pool.on('connect', (client) => {
    clients.push(client)
    const query = client.query.bind(client) as (...given: unknown[]) => unknown
    const watched = (...given: unknown[]): unknown => {
      sent.push(given[0] as Sent)
      return query(...given)
    }
    Object.assign(client, { query: watched })
  })
  return { pool, sent, clients }
}

const what = ({ text, name }: Sent): string => {
  const call = ['apply_v1', 'poll_v1'].find((each) => text.includes(each)) ?? 'head'
  return `${call}${name === undefined ? '' : ', prepared'}`
}

it('polls and commits are prepared, and an idle poll reads the head only', async () => {
  const { pool, sent } = watchedPool()
  const { store } = await openStore(new PostgresStore(pool, { schema: 'prepared' }))
  onTestFinished(() => store.close())
  await store.write([revoke(1)])
  const start = { seq: 0, epoch: '' }
  sent.length = 0
  const first = await store.poll(start, 10)
  expect(first).toMatchObject({ status: 'ok', changes: [{ seq: 1 }], position: { seq: 1 } })
  expect(sent.map(what)).toEqual(['head, prepared', 'poll_v1, prepared'])
  if (first.status !== 'ok') throw new Error('the store diverged')
  sent.length = 0
  expect(await store.poll(first.position, 10)).toMatchObject({ changes: [], position: first.position })
  expect(sent.map(what)).toEqual(['head, prepared'])
  sent.length = 0
  await store.write([revoke(2)])
  expect(sent.map(what)).toEqual(['apply_v1, prepared'])
  // A position that the history has never had.
  expect(await store.poll({ seq: 2, epoch: first.position.epoch }, 10)).toEqual({ status: 'diverged' })
})

it('a connection that forgets its statements gets them without a name, each of them once', async () => {
  const { pool, sent, clients } = watchedPool()
  const { store } = await openStore(new PostgresStore(pool, { schema: 'forgotten' }))
  onTestFinished(() => store.close())
  await store.write([revoke(1)])
  const answer = await store.poll({ seq: 0, epoch: '' }, 10)
  if (answer.status !== 'ok') throw new Error('the store diverged')
  // What a pooler does that gives a client another connection of the server.
  for (const client of clients) await client.query('DEALLOCATE ALL')
  sent.length = 0
  expect(await store.poll(answer.position, 10)).toMatchObject({ status: 'ok', changes: [] })
  expect(sent.map(what)).toEqual(['head, prepared', 'head'])
  expect((await store.write([revoke(2)])).written).toMatchObject([{ seq: 2 }])
  expect(sent.map(what).slice(2)).toEqual(['apply_v1, prepared', 'apply_v1'])
  sent.length = 0
  expect(await store.poll(answer.position, 10)).toMatchObject({ status: 'ok', changes: [{ seq: 2 }] })
  expect((await store.write([revoke(3)])).written).toMatchObject([{ seq: 3 }])
  expect(sent.map(what)).toEqual(['poll_v1', 'apply_v1'])
})
