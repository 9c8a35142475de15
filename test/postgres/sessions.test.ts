import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { StoreContext } from '#dist/ports/index.js'
import { PostgresStore, type PostgresStoreOptions } from '#dist/store/postgres/index.js'
import { digestOf, NOW, openStore, revoke } from '#dist/testing/store/fixtures.js'
import { bytes, commit, familyOf, put, session, versionOf } from '#dist/testing/store/session-fixtures.js'
import { rotateInProcesses } from '../store/rotate-in-processes.js'
import { compareWithModel } from '../store/session-model.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'
import { setStandbys } from '../support/postgres/standbys.js'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

async function openAt(
  schema: string,
  options: PostgresStoreOptions = {},
  context: Partial<StoreContext> = {},
): Promise<PostgresStore> {
  const store = new PostgresStore(postgres.url(schema), options)
  onTestFinished(() => store.close())
  await openStore(store, context)
  return store
}

it('refresh tokens: any commits do what they do in the store in memory', async () => {
  for (const seed of [11, 12, 13]) await compareWithModel(await openAt(`model${seed}`), seed, 60)
})

it('refresh tokens: one of several processes wins a rotation, and kill -9 leaves all or none', async () => {
  await rotateInProcesses(postgres.url('processes'), await openAt('processes'), 600)
})

it('refresh tokens: a group whose answer was lost is found, with what became of each commit', async () => {
  const store = await openAt('found', { writeTimeoutMs: 10_000 })
  const { sessions } = store
  await put(sessions, session(1))
  await store.write([revoke(1)])
  const version = await versionOf(sessions, 1)
  await setStandbys(postgres, 'nobody')
  const rotation = { conditions: [{ family: familyOf(1), version }], put: [session(1)] }
  const group = Promise.all([
    commit(sessions, rotation),
    commit(sessions, { ...rotation, mutations: [revoke(5)] }),
    commit(sessions, { put: [session(2)], mutations: [revoke(1), revoke(2)] }),
    commit(sessions, { salt: { minute: 1, salt: bytes(16) } }),
  ])
  // The server ends the connection after it has committed, and before it answers: it waits for a standby.
  const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
  await expect.poll(() => postgres.query(end)).toEqual([true])
  await setStandbys(postgres, '')
  const [first, second, third, fourth] = await group
  expect([first?.written, second, fourth?.written]).toEqual([[], undefined, []])
  expect(third?.written).toMatchObject([
    { seq: 2, already: true },
    { seq: 3, already: false },
  ])
  expect(await versionOf(sessions, 1)).toBeGreaterThan(version)
  expect(await store.get(Int32Array.from(new Int32Array(digestOf(5).buffer)))).toBeUndefined()
})

it('refresh tokens: rows past their time are purged in steps, and outcomes with them', async () => {
  const store = await openAt('purged')
  const hour = 3_600_000
  const rows = Array.from({ length: 5000 }, (_, n) =>
    session(n, { purgeAt: n % 2 === 0 ? NOW - hour - 1 : NOW - hour, state: bytes(1500) }),
  )
  while (rows.length > 0) await put(store.sessions, ...rows.splice(0, 1000))
  await postgres.query('UPDATE purged.session_commits SET at = 0')
  let purged = 0
  for (let step = 0; step < 6; step++) purged += await store.purge()
  expect(purged).toBe(2500)
  expect(await store.sessions.get(familyOf(0))).toBeUndefined()
  expect(await store.sessions.get(familyOf(1))).toBeDefined()
  expect(await postgres.query('SELECT count(*) FROM purged.session_commits')).toEqual(['1'])
  const before = await versionOf(store.sessions, 1)
  await postgres.query('UPDATE purged.session_commits SET version = version + 1e9')
  await put(store.sessions, session(1))
  // Also where the clock of the server was set back.
  expect(await versionOf(store.sessions, 1)).toBeGreaterThan(before + 1e9)
})

it('refresh tokens: a store of schema version 1 gets the tables, and an older engine goes on', async () => {
  const older = await openAt('older')
  for (const statement of [
    'DROP TABLE older.sessions, older.session_salts, older.session_commits',
    `DROP FUNCTION older.commit_sessions_v1, older.session_outcome_v1, older.purge_sessions_v1`,
    `UPDATE older.meta SET value = '1' WHERE key = 'schema_version'`,
  ])
    await postgres.query(statement)
  await older.write([revoke(1)])
  const store = await openAt('older')
  expect(store.stats().schemaVersion).toBe(2)
  await put(store.sessions, session(1))
  const seen = [{ digest: digestOf(1), seq: 1 }]
  await older.write([revoke(1)])
  expect(await commit(store.sessions, { conditions: seen, put: [session(1)] })).toBeUndefined()
  expect(await store.sessions.get(familyOf(1))).toBeDefined()
})
