import { expect, it } from 'vitest'
import type { Position } from '#dist/ports/index.js'
import { RedisStore } from '#dist/store/redis/index.js'
import { collect, follow, read, revoke, selector, write } from '#dist/testing/store/fixtures.js'
import { open, verdict } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { backup, DURABLE, openRedisStore } from './support.js'

const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })

const NOTHING_KEPT = { maxStalenessMs: 50, prefilter: { kind: 'none' } } as const

it.each([
  ['flushed', (redis: RedisServer) => redis.command('FLUSHALL')],
  ['restarted without its files', (redis: RedisServer) => redis.restart({ empty: true })],
])('a server that was %s is noticed, and no store is made on it', async (_how, empty) => {
  const redis = await startRedis({ args: DURABLE })
  const engine = await open({ store: redis.url, maxStalenessMs: 50 })
  await engine.revoke(token('a'))
  await empty(redis)
  await expect.poll(() => verdict(engine, token('b'))).toBe('unknown')
  await expect.poll(() => verdict(engine, token('a'))).toBe('unknown')
  await expect
    .poll(() => engine.revoke(token('c')).catch((error: unknown) => error))
    .toEqual(ourError('ERR_NOT_DURABLE', 'it is not there'))
  expect(await redis.command('DBSIZE')).toBe(0)
  await expect(open({ store: `${redis.url}?create=never` })).rejects.toEqual(
    ourError('ERR_STORE_UNAVAILABLE', 'it is not there'),
  )
})

it('a store that was made anew is not taken for the old one', async () => {
  const redis = await startRedis({ args: DURABLE })
  const engine = await open({ store: redis.url, ...NOTHING_KEPT })
  await engine.revoke(token('a'))
  await redis.command('FLUSHALL')
  const fresh = await open({ store: redis.url })
  expect(await verdict(fresh, token('a'))).toBe('active')
  expect(await verdict(engine, token('a'))).toBe('unknown')
  await expect(engine.revoke(token('b'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'another store'))
})

it('a part of a store that is lost is noticed, whichever it is', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = await openRedisStore(redis.url)
  const client = redis.client()
  const some = Array.from({ length: 100 }, (_, n) => n)
  await store.write([...some.map((n) => revoke(n)), revoke(500, selector({ sub: 'u' }))])
  const all = (await client.keys('*')).filter((key) => !key.endsWith(':writers'))
  expect(all.length).toBeGreaterThan(90)
  for (const key of all) {
    const kept = await client.dumpBuffer(key)
    await client.del(key)
    const answers = await Promise.allSettled([
      ...some.map(async (n) => (await read(store, n))?.revoked),
      collect(store.scan(0)).then(({ live }) => live.size === 101),
      follow(store, { seq: 0, epoch: '' }).then(({ changes }) => changes.length === 101),
      store.list({ afterSeq: 0, limit: 1000 }).then((rows) => rows.length === 101),
      Promise.resolve(store.buckets.versions()).then(({ versions }) => versions.length === 1),
      Promise.resolve(store.buckets.read(0, 0, undefined)).then(
        (bucket) => bucket.status === 'ok' && bucket.entries.length === 101,
      ),
    ])
    const wrong = answers.filter((answer) => answer.status === 'fulfilled' && answer.value !== true)
    expect({ key, wrong }).toEqual({ key, wrong: [] })
    const written = store.write([...some, 500].map((n) => revoke(n)))
    await expect(written, key).rejects.toEqual(ourError('ERR_NOT_DURABLE'))
    await client.restore(key, 0, kept)
  }
  expect((await follow(store, { seq: 0, epoch: '' })).changes).toHaveLength(101)
  expect(await write(store, revoke(1))).toEqual([[102, expect.any(Number)]])
})

it('a head that was lost is not replaced by that of an empty store', async () => {
  const redis = await startRedis({ args: DURABLE })
  await write(await openRedisStore(redis.url), revoke(1))
  await redis.command('DEL', '{revocade}:head')
  await expect(open({ store: redis.url })).rejects.toEqual(ourError('ERR_STORE_CORRUPT', 'a part of it'))
})

it('an older state that reached the same number is noticed', async () => {
  const redis = await startRedis({ args: DURABLE })
  const engine = await open({ store: redis.url, maxStalenessMs: 50 })
  const writer = await open({ store: redis.url, maxStalenessMs: 50 })
  await writer.revoke(token('kept'))
  const restore = await backup(redis)
  for (let n = 0; n < 20; n++) await writer.revoke(token(`lost${n}`))
  await expect.poll(() => verdict(engine, token('lost19'))).toBe('revoked')
  await writer.close() // nobody is left to write them again
  const follower = await openRedisStore(redis.url)
  const { position } = await follow(follower, { seq: 0, epoch: '' })
  await restore()
  const other = await open({ store: redis.url, maxStalenessMs: 50 })
  for (let n = 0; n < 20; n++) await other.revoke(token(`new${n}`))
  expect([position.seq, other.stats().store.seq]).toEqual([21, 21])
  expect(await follower.poll(position, 100)).toEqual({ status: 'diverged' })
  for (let n = 0; n < 20; n++) await expect.poll(() => verdict(engine, token(`new${n}`))).toBe('revoked')
  await expect.poll(() => verdict(engine, token('lost3'))).toBe('active')
  expect(await verdict(engine, token('kept'))).toBe('revoked')
})

it('a position that was trimmed is told, and the rows stay', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = await openRedisStore(redis.url)
  const positions: Position[] = []
  for (let n = 0; n < 10; n++) {
    await write(store, revoke(n))
    positions.push((await follow(store, { seq: 0, epoch: '' })).position)
  }
  await redis.command('XTRIM', '{revocade}:commits', 'MAXLEN', 4)
  const polls = await Promise.all(positions.map((position) => store.poll(position, 100)))
  expect(polls.map(({ status }) => status)).toEqual([
    ...Array<string>(6).fill('diverged'),
    ...Array<string>(4).fill('ok'),
  ])
  const asked = [...positions, { seq: 0, epoch: '' }, { seq: 11, epoch: '' }, { seq: 10, epoch: 'other' }]
  const known = [...Array<boolean>(6).fill(false), ...Array<boolean>(5).fill(true), false, false]
  expect(await store.contains(asked)).toEqual(known)
  expect((await follow(store, { seq: 0, epoch: '' })).changes).toHaveLength(10)
})

it.each([
  ['appendonly', 'no', 'no append-only file'],
  ['appendfsync', 'no', 'appendfsync is no'],
  ['maxmemory-policy', 'allkeys-lru', 'maxmemory-policy is allkeys-lru'],
])('a server with %s %s is refused, and what to do is said', async (name, value, message) => {
  const redis = await startRedis({ args: [...DURABLE, `--${name}`, value] })
  await expect(open({ store: redis.url })).rejects.toEqual(ourError('ERR_STORE_UNAVAILABLE', message))
  const trusting = open({ store: `${redis.url}?durability=trust` })
  if (name === 'maxmemory-policy') await expect(trusting).rejects.toEqual(ourError('ERR_STORE_UNAVAILABLE'))
  else await (await trusting).revoke(token('a'))
})

it('a server that refuses CONFIG is refused, unless it is trusted', async () => {
  const redis = await startRedis({ args: [...DURABLE, '--rename-command', 'CONFIG', ''] })
  await expect(open({ store: redis.url })).rejects.toEqual(
    ourError('ERR_STORE_UNAVAILABLE', 'does not tell its appendfsync'),
  )
  const engine = await open({ store: new RedisStore(redis.url, { durability: 'trust' }) })
  await engine.revoke(token('a'))
  expect(engine.stats().store).toMatchObject({ appendfsync: null })
})

it('a server that begins to evict, or ends its log, is noticed by an open store', async () => {
  const redis = await startRedis({ args: DURABLE })
  const engine = await open({ store: redis.url, maxStalenessMs: 50 })
  await engine.revoke(token('a'))
  await expect.poll(() => verdict(engine, token('b'))).toBe('active')
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
  await expect.poll(() => verdict(engine, token('b'))).toBe('unknown')
  await expect(engine.revoke(token('c'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'maxmemory-policy'))
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await expect.poll(() => verdict(engine, token('b'))).toBe('active')
  await redis.command('CONFIG', 'SET', 'appendonly', 'no')
  await expect(engine.revoke(token('c'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'no append-only file'))
  expect(await verdict(engine, token('a'))).toBe('revoked')
  await redis.command('CONFIG', 'SET', 'appendonly', 'yes')
  expect((await engine.revoke(token('c'))).outcome).toBe('revoked')
})
