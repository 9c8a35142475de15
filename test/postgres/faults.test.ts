import { afterAll, beforeAll, expect, it } from 'vitest'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { open, verdict } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'
import { setStandbys } from '../support/postgres/standbys.js'
import { scaled } from '../support/scale.js'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })
const PROMPT = { writeTimeoutMs: 2000, readTimeoutMs: 1000 }

it('a server that crashes loses nothing that it acknowledged, again and again', async () => {
  const schema = 'crashes'
  const engine = await open({ store: new PostgresStore(postgres.url(schema), PROMPT), maxStalenessMs: 300 })
  const acknowledged: string[] = []
  let running = true
  let next = 0
  const revoker = async (): Promise<void> => {
    while (running) {
      const jti = `t${next++}`
      await engine.revoke(token(jti)).then(
        () => acknowledged.push(jti),
        (error: unknown) => expect(error).toEqual(ourError('ERR_NOT_DURABLE')),
      )
    }
  }
  const revokers = Array.from({ length: 8 }, revoker)
  for (let kills = 0; kills < scaled(4); kills++) {
    const before = acknowledged.length
    await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(before + 50)
    await postgres.restart()
  }
  running = false
  await Promise.all(revokers)
  const fresh = await open({ store: postgres.url(schema) })
  const lost = []
  for (const jti of acknowledged) if ((await verdict(fresh, token(jti))) !== 'revoked') lost.push(jti)
  expect(lost).toEqual([])
  await expect.poll(() => verdict(engine, token('never'))).toBe('active')
})

it('a server that hangs leaves a token unknown, and a revocation not acknowledged', async () => {
  const engine = await open({
    store: new PostgresStore(postgres.url(), { writeTimeoutMs: 300, readTimeoutMs: 200 }),
    maxStalenessMs: 100,
  })
  await engine.revoke(token('a'))
  await expect.poll(() => verdict(engine, token('b'))).toBe('active')
  postgres.suspend(true)
  try {
    await expect.poll(async () => (await engine.check(token('b'))).status).toBe('unknown')
    await expect(engine.revoke(token('c'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'may stand'))
  } finally {
    postgres.suspend(false)
  }
  await expect.poll(() => verdict(engine, token('b'))).toBe('active')
  expect(await verdict(engine, token('a'))).toBe('revoked')
})

it('a read waits no longer than an engine may be behind, whatever its timeout', async () => {
  const engine = await open({
    store: new PostgresStore(postgres.url(), { readTimeoutMs: 600_000 }),
    maxStalenessMs: 300,
  })
  postgres.suspend(true)
  try {
    await expect.poll(async () => (await engine.check(token('a'))).status).toBe('unknown')
  } finally {
    postgres.suspend(false)
  }
  await expect.poll(() => verdict(engine, token('a'))).toBe('active')
})

it('a commit that comes after its time is refused by the server', async () => {
  const schema = 'late'
  const store = new PostgresStore(postgres.url(schema), { writeTimeoutMs: 300, readTimeoutMs: 200 })
  const engine = await open({ store, prefilter: { kind: 'none' } })
  const written = (jti: string): Promise<void> =>
    expect
      .poll(
        () =>
          engine.revoke(token(jti)).then(
            ({ seq }) => seq,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBeGreaterThan(0)
  await written('first') // from here on there is a connection
  postgres.suspend(true)
  try {
    await expect(engine.revoke(token('c'))).rejects.toEqual(ourError('ERR_NOT_DURABLE'))
    await new Promise((resolve) => setTimeout(resolve, 700))
  } finally {
    postgres.suspend(false)
  }
  await written('d')
  expect(
    await postgres.query(`SELECT count(*) FROM ${schema}.revocations WHERE target LIKE '%"c"%'`),
  ).toEqual(['0'])
})

it('a wait for a standby that is ended is no acknowledgement', async () => {
  const store = new PostgresStore(postgres.url('waits'), { writeTimeoutMs: 1000 })
  const engine = await open({ store })
  await setStandbys(postgres, 'nobody')
  try {
    const revoked = engine.revoke(token('a')).then(
      () => 'acknowledged',
      (error: unknown) => error,
    )
    const cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    await expect.poll(() => postgres.query(cancel)).toEqual([true])
    expect(await revoked).toEqual(ourError('ERR_NOT_DURABLE', 'may stand'))
  } finally {
    await setStandbys(postgres, '')
  }
  expect((await engine.revoke(token('a'))).outcome).toBe('already')
})

it('a commit whose answer was lost is found by its tag, with its result', async () => {
  const schema = 'found'
  const store = new PostgresStore(postgres.url(schema), { writeTimeoutMs: 4000 })
  const engine = await open({ store })
  await engine.revoke(token('before'))
  // The server ends the connection after it has committed, and before it answers: it waits for a standby.
  await setStandbys(postgres, 'nobody')
  const revoked = Promise.all([engine.revoke(token('a')), engine.revoke(token('before'))])
  const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
  await expect.poll(() => postgres.query(end)).toEqual([true])
  await setStandbys(postgres, '')
  const [a, before] = await revoked
  expect([a, before]).toMatchObject([
    { outcome: 'revoked', seq: 2 },
    { outcome: 'already', seq: 3 },
  ])
})

it('a standby is refused, by the name of what it is', async () => {
  const schema = 'primary'
  await (await open({ store: postgres.url(schema) })).revoke(token('a'))
  const standby = await postgres.standby({ follows: false })
  try {
    await expect(open({ store: standby.url(schema) })).rejects.toEqual(
      ourError('ERR_STORE_UNAVAILABLE', 'replica'),
    )
  } finally {
    await standby.stop()
  }
})
