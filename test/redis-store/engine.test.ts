import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { optionsFromEnvironment } from '#dist/default-engine.js'
import { RedisStore } from '#dist/store/redis/index.js'
import { travels } from '../permissions/travel.js'
import { undoesOnPage } from '../server/undo-on-page.js'
import { open, verdict } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { Child } from '../support/process.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ args: ['--appendonly', 'yes'] })
})
afterAll(() => redis.stop())

const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })

let stores = 0
const place = (): string => `${redis.url}?prefix=engine-${stores++}`

it('a revocation reaches the engines of other processes, and those opened later', async () => {
  const store = place()
  const one = await open({ store, maxStalenessMs: 50 })
  const other = await open(optionsFromEnvironment({ REVOCADE_STORE: store, REVOCADE_MAX_STALENESS_MS: '50' }))
  expect(await one.revoke(token('a'))).toMatchObject({ outcome: 'revoked', durable: 'redis', redis: 'off' })
  expect(await other.revoke(token('a'))).toMatchObject({ outcome: 'already', durable: 'redis' })
  expect(await verdict(one, token('a'))).toBe('revoked')
  expect(await verdict(other, token('a'))).toBe('revoked')
  await expect.poll(() => verdict(other, token('b'))).toBe('active')
  const ofUser = { ...token('c'), sub: 'u', iat: NOW - 10 }
  await one.revokeWhere({ sub: 'u' }, { expiresAt: NOW + 3600 })
  await expect.poll(() => verdict(other, ofUser)).toBe('revoked')
  const third = await open({ store })
  expect(await verdict(third, token('a'))).toBe('revoked')
  expect(await third.unrevoke(token('a'))).toMatchObject({ outcome: 'unrevoked', durable: 'redis' })
  await expect.poll(() => verdict(one, token('a'))).toBe('active')
  expect(third.stats().store).toMatchObject({ kind: 'redis', seq: 4, appendfsync: 'everysec' })
})

it('revocations are taken back on the admin page, one and several at a time', () => undoesOnPage(place()))

it('an invalidation of permissions travels, and is no revocation', async () => {
  const store = place()
  await travels(() => ({ store, maxStalenessMs: 100 }))
})

it('with maxStalenessMs 0 each check sees what was committed before it', async () => {
  const store = place()
  const one = await open({ store })
  const other = await open({ store, maxStalenessMs: 0 })
  for (let n = 0; n < 50; n++) {
    expect(await verdict(other, token(`t${n}`))).toBe('active')
    await one.revoke(token(`t${n}`))
    expect(await verdict(other, token(`t${n}`))).toBe('revoked')
  }
})

it('engines that start at once make one store', async () => {
  const store = place()
  const engines = await Promise.all(Array.from({ length: 6 }, () => open({ store })))
  expect(new Set(engines.map((engine) => engine.stats().store.id)).size).toBe(1)
  const tokens = Array.from({ length: 300 }, (_, i) => token(`t${i}`))
  const receipts = await Promise.all(
    engines.flatMap((engine) => tokens.map((claims) => engine.revoke(claims))),
  )
  expect(receipts.filter(({ outcome }) => outcome === 'revoked')).toHaveLength(tokens.length)
  expect(new Set(receipts.map(({ seq }) => seq)).size).toBe(receipts.length)
})

it('a store works beside a prefix cache in the same Redis', async () => {
  const options = { store: place(), redis: redis.url, maxStalenessMs: 300 }
  const one = await open(options)
  const other = await open(options)
  await one.revokeMany(
    Array.from({ length: 3000 }, (_, i) => ({ iss: 'i', jti: `t${i}`, expiresAt: NOW + 3600 })),
  )
  const [single] = await Promise.all([one.revoke(token('single')), one.revoke(token('another'))])
  expect(single.redis).toMatch(/written|queued/)
  await expect.poll(() => verdict(other, token('single'))).toBe('revoked')
  await expect.poll(() => other.stats().redis?.complete).toBe(true)
  for (const jti of ['t0', 't1234', 't2999']) expect(await verdict(other, token(jti))).toBe('revoked')
  expect(await verdict(other, token('never'))).toBe('active')
})

it('a start says what is promised, and that a store was made', async () => {
  const lines: string[] = []
  const note = (_: object, line: string): number => lines.push(line)
  const logger = { debug: note, info: note, warn: note, error: note }
  const store = place()
  await open({ store, logger })
  expect(lines).toEqual([
    expect.stringContaining('a new, empty store was made'),
    expect.stringContaining('A crash of the server can lose those of the last second'),
  ])
  await open({ store, logger })
  expect(lines).toHaveLength(3)
})

it.each([
  ['redis://app:hunter2@127.0.0.1:1', {}, 'ERR_STORE_UNAVAILABLE', 'no server listens there'],
  ['redis://app:hunter2@nowhere.invalid', {}, 'ERR_STORE_UNAVAILABLE', 'opened'],
  ['redis://app:hunter2@127.0.0.1:1?prefix=a{b', {}, 'ERR_CONFIG', "option 'store.keyPrefix'"],
  ['redis://app:hunter2@127.0.0.1:1?wait=x', {}, 'ERR_CONFIG', "option 'waitReplicas'"],
  ['redis://app:hunter2@a,b?wait=1', {}, 'ERR_CONFIG', "option 'waitReplicas'"],
  ['redis://app:hunter2@127.0.0.1:1?create=maybe', {}, 'ERR_CONFIG', "'create'"],
  ['redis://app:hunter2@127.0.0.1:1?durability=some', {}, 'ERR_CONFIG', "option 'durability'"],
  ['redis://app:hunter2@127.0.0.1:1?no=such', {}, 'ERR_CONFIG', 'known: prefix, durability, create, wait'],
  ['redis://app:hunter2@127.0.0.1:1?prefx=a', {}, 'ERR_CONFIG', "did you mean 'prefix'?"],
  ['redis://app@127.0.0.1:1?hunter2', {}, 'ERR_CONFIG', "option 'store' is a URL with an unknown parameter"],
  ['redis://app:hunter2@[', {}, 'ERR_CONFIG', "option 'store' is a URL"],
  ['rediss://app:hunter2@127.0.0.1:1', { exclusive: true }, 'ERR_CONFIG', "option 'exclusive'"],
] as const)('refuses %s with %j, and tells no password', async (store, options, code, message) => {
  const error: unknown = await open({ store, ...options }).catch((error: unknown) => error)
  expect(error).toEqual(ourError(code, message))
  const all = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) all.push(at.message, at.stack)
  expect(all.join()).not.toContain('hunter2')
})

it('a wrong password is told, and not shown', async () => {
  const locked = await startRedis({ args: ['--appendonly', 'yes', '--requirepass', 'right'] })
  const url = (password: string): string => locked.url.replace('//', `//:${password}@`)
  const error: unknown = await open({ store: url('hunter2') }).catch((error: unknown) => error)
  expect(error).toEqual(ourError('ERR_STORE_UNAVAILABLE', 'WRONGPASS'))
  expect(String(error)).not.toContain('hunter2')
  await expect(open({ store: locked.url })).rejects.toEqual(ourError('ERR_STORE_UNAVAILABLE', 'NOAUTH'))
  await open({ store: url('right') })
})

it("a program's own client is duplicated, and left as it is; a socket and parts of a URL work", async () => {
  const client = new Redis(redis.url)
  onTestFinished(() => client.disconnect())
  const keyPrefix = 'handed-in'
  const engine = await open({ store: new RedisStore(client, { keyPrefix }) })
  await engine.revoke(token('a'))
  await engine.close()
  expect(await client.ping()).toBe('PONG')
  for (const other of [
    new RedisStore({ host: '127.0.0.1', port: redis.port }, { keyPrefix }),
    new RedisStore(`unix://${redis.socketPath}?prefix=${keyPrefix}`),
    `redis+unix://${redis.socketPath}?db=0&prefix=${keyPrefix}`,
  ])
    expect(await verdict(await open({ store: other }), token('a'))).toBe('revoked')
})

it('refuses keys of another application, and a layout of a newer version', async () => {
  const store = place()
  const head = `{engine-${stores - 1}}:head`
  await redis.command('SET', head, 'theirs')
  await expect(open({ store })).rejects.toEqual(ourError('ERR_STORE_MISMATCH', 'another application'))
  await redis.command('DEL', head)
  await redis.command('HSET', head, 'their', 'hash')
  await expect(open({ store })).rejects.toEqual(ourError('ERR_STORE_MISMATCH', 'another application'))
  await redis.command('DEL', head)
  await (await open({ store })).close()
  await redis.command('HSET', head, 'version', 99)
  await expect(open({ store })).rejects.toEqual(ourError('ERR_STORE_MISMATCH', 'version 99'))
})

it('expired rows are purged by one engine in steps, and the history stays whole', async () => {
  const store = new RedisStore(place())
  const prefix = `{engine-${stores - 1}}`
  let now = Date.now()
  const clock = { now: () => now, monotonic: () => process.hrtime.bigint() }
  const engine = await open({ store, clockToleranceSeconds: 0, clock })
  const entries = Array.from({ length: 10_000 }, (_, i) => ({
    iss: 'i',
    jti: `t${i}`,
    expiresAt: NOW + (i % 10 < 9 ? 600 : 90_000),
  }))
  await engine.revokeMany(entries)
  now += 36_000_000
  expect(await store.purge()).toBe(9000)
  expect(await redis.command('HGET', `${prefix}:head`, 'rows:1')).toBe('1000')
  expect(await verdict(engine, { ...token('t9'), exp: NOW + 90_000 })).toBe('revoked')
  const rest = await store.list({ afterSeq: 0, limit: 2000 })
  expect(rest).toHaveLength(1000)
  now += 86_400_000
  expect(await store.purge()).toBe(1000)
  expect(((await redis.command('KEYS', `${prefix}:*`)) as string[]).length).toBeLessThan(8)
  const { seq } = await engine.revoke({ ...token('new'), exp: NOW + 999_999 })
  expect(seq).toBe(10_001)
  expect((await store.list({ afterSeq: 0, limit: 10 })).map((row) => row.seq)).toEqual([10_001])
})

it.each([
  ['idle', []],
  ['with writes under way, which it finishes first', Array.from({ length: 50 }, (_, i) => `t${i}`)],
])('a process ends by itself without closing the engine: %s', async (_what, jtis) => {
  const store = place()
  const exp = NOW + 3600
  const child = new Child(new URL('../faults/children/unclosed.mjs', import.meta.url), [
    JSON.stringify({ options: { store, maxStalenessMs: 30 }, exp, revoke: jtis }),
  ])
  await child.ended
  expect([child.process.exitCode, child.complaints]).toEqual([0, ''])
  const later = await open({ store })
  for (const jti of jtis) expect(await verdict(later, { jti, exp })).toBe('revoked')
})

it('a user with the rights that the documentation names can use a store', async () => {
  const page = readFileSync(new URL('../../docs/redis-store.md', import.meta.url), 'utf8')
  const rights = [...(/^For a user with an access[^\n]*$/m.exec(page)?.[0] ?? '').matchAll(/`([^`]+)`/g)]
  const words = rights.flatMap(([, words = '']) => words.split(' '))
  expect(words).toContain('~{revocade}:*')
  const own = await startRedis({ args: ['--appendonly', 'yes'] })
  await own.command('ACL', 'SETUSER', 'app', 'on', '>hunter2', ...words)
  const store = new RedisStore(`${own.url.replace('//', '//app:hunter2@')}/0`)
  const engine = await open({ store, maxStalenessMs: 30 })
  await engine.revoke(token('a'))
  await engine.revokeMany([{ jti: 'old', iss: 'i', expiresAt: NOW - 10 }])
  await engine.unrevoke(token('a'))
  await engine.revoke(token('a'))
  await expect.poll(() => verdict(engine, token('b'))).toBe('active')
  expect(await store.purge()).toBe(0)
  await store.buckets.split(2)
  expect((await store.buckets.read(0, 2, undefined)).status).toBe('ok')
  expect(await store.list({ afterSeq: 0, limit: 9 })).toHaveLength(2)
  await own.command('ACL', 'SETUSER', 'app', '-xadd')
  const less = open({ store: own.url.replace('//', '//app:hunter2@') })
  await expect(less).rejects.toEqual(ourError('ERR_STORE_UNAVAILABLE', 'rights'))
  const wrong = open({ store: `${own.url.replace('//', '//app:hunter2@')}?prefix=other` })
  await expect(wrong).rejects.toEqual(ourError('ERR_STORE_UNAVAILABLE', 'NOPERM'))
})
