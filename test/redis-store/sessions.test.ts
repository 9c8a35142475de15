import { expect, it, onTestFinished } from 'vitest'
import { RedisStore } from '#dist/store/redis/index.js'
import { NOW, openStore, revoke } from '#dist/testing/store/fixtures.js'
import {
  bytes,
  commit,
  familyOf,
  listed,
  put,
  session,
  versionOf,
} from '#dist/testing/store/session-fixtures.js'
import { rotateInProcesses } from '../store/rotate-in-processes.js'
import { compareWithModel } from '../store/session-model.js'
import { startProxy } from '../support/redis/proxy.js'
import { startRedis } from '../support/redis/server.js'
import { DURABLE, openRedisStore } from './support.js'

it('refresh tokens: any commits do what they do in the store in memory', async () => {
  const redis = await startRedis({ args: DURABLE })
  for (const seed of [21, 22, 23])
    await compareWithModel(await openRedisStore(`${redis.url}?prefix=model${seed}`), seed, 60)
})

it('refresh tokens: one of several processes wins a rotation, and kill -9 leaves all or none', async () => {
  const redis = await startRedis({ args: DURABLE })
  await rotateInProcesses(redis.url, await openRedisStore(redis.url), 600)
})

it('refresh tokens: a commit whose answer is lost is acknowledged once found, and made once', async () => {
  const redis = await startRedis({ args: DURABLE })
  const proxy = await startProxy(redis)
  const store = await openRedisStore(proxy.url)
  const { sessions } = store
  await put(sessions, session(1))
  for (let n = 1; n <= 5; n++) {
    const version = await versionOf(sessions, 1)
    const parts = { conditions: [{ family: familyOf(1), version }], put: [session(1)] }
    proxy.truncate(0)
    const [won, lost] = await Promise.all([
      commit(sessions, { ...parts, mutations: [revoke(n)] }),
      commit(sessions, { ...parts, mutations: [revoke(n + 100)] }),
    ])
    expect([won?.written, lost]).toEqual([
      [{ seq: n, expiresAt: NOW / 1000 + 3600, already: false }],
      undefined,
    ])
  }
})

it('refresh tokens: rows past their time are purged in steps, and leave no key behind', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = await openRedisStore(redis.url)
  const hour = 3_600_000
  const rows = Array.from({ length: 6000 }, (_, n) =>
    session(n, { purgeAt: NOW - hour - (n % 2), sub: `user-${n % 100}` }),
  )
  while (rows.length > 0) await put(store.sessions, ...rows.splice(0, 1000))
  let purged = 0
  for (let step = 0; step < 5; step++) purged += await store.purge()
  expect(purged).toBe(3000)
  expect(await store.sessions.page(undefined, 9999)).toHaveLength(3000)
  expect(await listed(store.sessions, { sub: 'user-1' })).toEqual([])
  expect(await listed(store.sessions, { sub: 'user-2' })).toHaveLength(60)
  expect(await listed(store.sessions, { sid: 'login-3' })).toEqual([])
  // An hour later by the clock of an engine, the others go as well.
  const later = new RedisStore(redis.url)
  onTestFinished(() => later.close())
  await openStore(later, { clock: { now: () => NOW + hour } })
  for (let step = 0; step < 5; step++) purged += await later.purge()
  expect(purged).toBe(6000)
  const keys = (await redis.command('KEYS', '*')) as string[]
  expect(keys.filter((key) => /:[ful]:/.test(key))).toEqual([])
})

it('refresh tokens: what the server lost has ended, and nothing else', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = await openRedisStore(redis.url)
  const { sessions } = store
  const all = Array.from({ length: 40 }, (_, n) => session(n, { state: bytes(9) }))
  await put(sessions, ...all)
  const before = await versionOf(sessions, 1)
  const [lost = ''] = (await redis.command('KEYS', '*:f:*')) as string[]
  await redis.command('DEL', lost)
  const left = await sessions.page(undefined, 99)
  expect(left.length).toBeLessThan(40)
  expect(await listed(sessions, { sub: 'user' })).toHaveLength(left.length)
  for (const row of all) await put(sessions, row)
  expect(await listed(sessions, { sub: 'user' })).toHaveLength(40)
  expect(await versionOf(sessions, 1)).toBeGreaterThan(before)
})
