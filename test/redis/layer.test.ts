import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRevocade, type Revocade, type RevocadeOptions, type TokenClaims } from 'revocade'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { countCommands } from '../support/redis/count-commands.js'
import { startProxy } from '../support/redis/proxy.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})
beforeEach(() => redis.command('FLUSHALL'))

const token = (jti: string): TokenClaims => ({ jti, exp: TOMORROW })

/** An engine that the test's end closes. Its L0 is so coarse that it is often wrong. */
async function open(options: RevocadeOptions = {}): Promise<Revocade> {
  const engine = await createRevocade({
    store: join(temporaryDirectory(), 'store.db'),
    redis: redis.url,
    prefilter: { kind: 'trie', prefixBits: 8 },
    maxTokenLifetimeSeconds: 3600,
    ...options,
  })
  onTestFinished(() => engine.close())
  return engine
}

const ready = (engine: Revocade): Promise<void> =>
  expect.poll(() => engine.stats().redis?.complete, { timeout: 10_000 }).toBe(true)

/** Tokens that nobody revoked and L0 can't rule out. */
function falsePositives(engine: Revocade, count: number): TokenClaims[] {
  const found: TokenClaims[] = []
  for (let i = 0; found.length < count; i++)
    if (!engine.isClearlyActive(token(`other-${i}`))) found.push(token(`other-${i}`))
  return found
}

const buckets = async (): Promise<string[]> =>
  ((await redis.command('KEYS', 'revocade:*')) as string[]).sort()
const fields = async (): Promise<number> => {
  const lengths = await Promise.all((await buckets()).map((key) => redis.command('HLEN', key)))
  return lengths.reduce((sum: number, length) => sum + Number(length) - 1, 0)
}

describe('what a check asks of Redis', () => {
  it('nothing, where it is to be asked last and the store answers', async () => {
    const engine = await open({ redis: { url: redis.url, reads: 'when-store-fails' } })
    await engine.revokeMany(Array.from({ length: 60 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const tokens = falsePositives(engine, 20)
    const sent = await countCommands(redis)
    for (const claims of tokens)
      expect(await engine.check(claims)).toEqual({ status: 'active', decidedBy: 'store' })
    expect(await engine.check(token('t1'))).toMatchObject({ status: 'revoked', decidedBy: 'store' })
    expect(await sent()).toEqual({})
    expect(engine.stats().redis).toMatchObject({ state: 'ready', complete: true, lookups: 0 })
  })

  it('nothing, where it is to be asked last; that it was emptied is noticed all the same', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const engine = await open({ redis: { url: redis.url, reads: 'when-store-fails' } })
    await engine.revokeMany(Array.from({ length: 60 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    await redis.command('FLUSHALL')
    expect(await fields()).toBe(0)
    // Half a minute, after which the server is looked at.
    vi.advanceTimersByTime(30_000)
    await expect.poll(fields, { timeout: 10_000 }).toBe(60)
  })

  it("nothing, where L0 says 'no'", async () => {
    const engine = await open({ prefilter: { kind: 'bloom' } })
    await engine.revoke(token('a'))
    await ready(engine)
    const sent = await countCommands(redis)
    for (let i = 0; i < 10_000; i++) await engine.isRevoked(token(`b${i}`))
    expect(engine.stats().decided).toMatchObject({ prefilter: 10_000 })
    expect(await sent()).toEqual({})
  })

  it('one round trip, where L0 is wrong, and then none for that token until something with its digest changes', async () => {
    const engine = await open()
    await engine.revokeMany(Array.from({ length: 40 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const [wrong] = falsePositives(engine, 1)
    const sent = await countCommands(redis)
    await expect(engine.check(wrong)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
    expect(await sent()).toEqual({ hmget: 1 })
    await engine.revoke(token('something else'))
    await sent()
    await expect(engine.check(wrong)).resolves.toMatchObject({ status: 'active', decidedBy: 'cache' })
    expect(await sent()).toEqual({})
    await engine.revoke(wrong)
    await expect(engine.check(wrong)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
    await engine.unrevoke(wrong)
    await expect(engine.check(wrong)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
  })

  it('one command, however many ask for one token at a time', async () => {
    const engine = await open()
    await engine.revokeMany(Array.from({ length: 40 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const [wrong] = falsePositives(engine, 1)
    const sent = await countCommands(redis)
    const answers = await Promise.all(Array.from({ length: 500 }, () => engine.isRevoked(wrong)))
    expect(new Set(answers)).toEqual(new Set([false]))
    expect(await sent()).toEqual({ hmget: 1 })
  })

  it('a burst of different ones shares its round trips', async () => {
    const proxy = await startProxy({ url: redis.url })
    onTestFinished(() => proxy.stop())
    const engine = await open({ redis: { url: proxy.url, timeoutMs: 5000 } })
    await engine.revokeMany(Array.from({ length: 60 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const wrong = falsePositives(engine, 200)
    proxy.latency(50)
    const begun = performance.now()
    await engine.check(wrong[0])
    const one = performance.now() - begun
    await Promise.all(wrong.map((claims) => engine.check(claims)))
    expect(engine.stats().decided).toMatchObject({ redis: 200, cache: 1 })
    // 199 one after another would take 199 times as long as one.
    expect(performance.now() - begun).toBeLessThan(one * 20)
  })
})

describe('what stands in Redis', () => {
  it('small hashes, with an expiry, that hold what is revoked and nothing else', async () => {
    const engine = await open()
    await engine.revokeMany(Array.from({ length: 3000 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const keys = await buckets()
    expect(keys.length).toBe(engine.stats().redis?.buckets)
    expect(keys.length).toBeGreaterThan(3000 / 256)
    expect(await fields()).toBe(3000)
    for (const key of keys) {
      expect(await redis.command('OBJECT', 'ENCODING', key)).toMatch(/^(?:listpack|ziplist)$/) // by its name of 7.0 and later, or before
      expect(Number(await redis.command('TTL', key))).toBeGreaterThan(86_400)
      expect(Number(await redis.command('TTL', key))).toBeLessThanOrEqual(86_400 + 3600)
    }
    await Promise.all(Array.from({ length: 1000 }, (_, i) => engine.unrevoke(token(`t${i}`))))
    await ready(engine)
    expect(await fields()).toBe(2000)
  })

  it('keeps stores and namespaces apart', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const [a, b, c] = [await open({ store }), await open({ store, namespace: 'b' }), await open()]
    for (const engine of [a, b, c]) await engine.revoke(token('a'))
    expect(await buckets()).toHaveLength(3)
  })

  it('what is no bucket of ours is written over', async () => {
    const engine = await open()
    await engine.revokeMany(Array.from({ length: 40 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const [key] = await buckets()
    await redis.command('SET', key, 'something else')
    const [first, second] = falsePositives(engine, 2)
    await expect(engine.check(first)).resolves.toMatchObject({ status: 'active', decidedBy: 'store' })
    await ready(engine)
    await expect(engine.check(second)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
  })

  it('drops what has expired when a bucket is written whole', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const engine = await open({ store, clockToleranceSeconds: 0 })
    await engine.revokeMany(Array.from({ length: 100 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const [key] = await buckets()
    // As if so many revocations had expired and been purged since: the store knows nothing of them.
    await redis.command(
      'HSET',
      key,
      ...Array.from({ length: 100 }, (_, i) => [`old-${String(i).padStart(2, '0')}`, 'abcd']).flat(),
    )
    await engine.revoke(token('one more'))
    expect(await fields()).toBe(101)
  })
})

describe('receipts', () => {
  it("say 'off' without Redis, 'written' where it has it, 'queued' where it can't be reached, and it is made up for", async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const without = await open({ store, redis: undefined })
    await expect(without.revoke(token('a'))).resolves.toMatchObject({ redis: 'off' })
    const proxy = await startProxy({ url: redis.url })
    onTestFinished(() => proxy.stop())
    const engine = await open({ store, redis: proxy.url })
    await ready(engine)
    await expect(engine.revoke(token('b'))).resolves.toMatchObject({ redis: 'written', durable: true })
    expect(await fields()).toBe(2)
    proxy.blackHole()
    await expect(engine.revoke(token('c'))).resolves.toMatchObject({ redis: 'queued', durable: true })
    await expect(engine.revokeMany([{ jti: 'd', expiresAt: TOMORROW }])).resolves.toMatchObject({
      redis: 'queued',
    })
    expect(await fields()).toBe(2)
    await expect(engine.isRevoked(token('c'))).resolves.toBe(true)
    expect(engine.stats().redis?.queued).toBe(1)
    await proxy.restore()
    await expect.poll(fields, { timeout: 10_000 }).toBe(4)
    await ready(engine)
  })

  it('what another engine without Redis commits gets there as well', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const engine = await open({ store })
    const without = await open({ store, redis: undefined })
    await ready(engine)
    await without.revoke(token('a'))
    expect(await fields()).toBe(0)
    await expect.poll(fields, { timeout: 20_000 }).toBe(1)
  }, 30_000)
})

describe('healing', () => {
  it('after FLUSHALL misses do not count, and the layer fills again', async () => {
    const engine = await open()
    await engine.revokeMany(Array.from({ length: 1000 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    const [first, second] = falsePositives(engine, 2)
    await redis.command('FLUSHALL')
    await expect(engine.check(first)).resolves.toMatchObject({ status: 'active', decidedBy: 'store' })
    await expect(engine.isRevoked(token('t7'))).resolves.toBe(true)
    await expect.poll(fields, { timeout: 20_000 }).toBe(1000)
    await ready(engine)
    const { verified, buckets: all } = engine.stats().redis ?? {}
    expect(verified).toBe(all)
    await expect(engine.check(second)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
  }, 30_000)

  it('a server without the script gets it', async () => {
    const engine = await open()
    await engine.revoke(token('a'))
    await redis.command('SCRIPT', 'FLUSH')
    await expect(engine.revoke(token('b'))).resolves.toMatchObject({ redis: 'written' })
  })

  it('a server that has no memory left refuses writes, and gets them later', async () => {
    const engine = await open()
    await engine.revoke(token('a'))
    await ready(engine)
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    onTestFinished(() => redis.command('CONFIG', 'SET', 'maxmemory', '0').then(() => undefined))
    await expect(engine.revoke(token('b'))).resolves.toMatchObject({ redis: 'queued' })
    expect(engine.stats().redis).toMatchObject({
      state: 'ready',
      breaker: 'closed',
      queued: 1,
      why: expect.stringContaining('OOM') as string,
    })
    await expect(engine.isRevoked(token('b'))).resolves.toBe(true)
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await expect.poll(fields, { timeout: 10_000 }).toBe(2)
    expect(engine.stats().redis).toMatchObject({ queued: 0, why: null })
  })

  it('a large store that meets Redis for the first time is divided, and then filled', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const before = await open({ store, redis: undefined })
    await before.revokeMany(Array.from({ length: 20_000 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    const engine = await open({ store })
    await ready(engine)
    expect(await fields()).toBe(20_000)
    expect((await buckets()).length).toBe(engine.stats().redis?.buckets)
    expect(engine.stats().redis?.buckets).toBeGreaterThanOrEqual(128)
  })
})

describe('the access that docs/redis.md asks for', () => {
  it('is enough', async () => {
    const rules =
      /`(~revocade:.*config\|get)`/.exec(
        readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8'),
      )?.[1] ?? ''
    await redis.command('ACL', 'SETUSER', 'revocade', 'reset', 'on', '>secret', ...rules.split(' '))
    onTestFinished(() => redis.command('ACL', 'DELUSER', 'revocade').then(() => undefined))
    const warnings: unknown[] = []
    const note = (...said: unknown[]): void => void warnings.push(said)
    const ignore = (): void => undefined
    const engine = await open({
      redis: { url: redis.url, username: 'revocade', password: 'secret' },
      logger: { debug: note, info: ignore, warn: note, error: note },
    })
    await engine.revokeMany(Array.from({ length: 600 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await ready(engine)
    await expect(engine.revoke(token('a'))).resolves.toMatchObject({ redis: 'written' })
    await engine.unrevoke(token('a'))
    const [wrong] = falsePositives(engine, 1)
    await expect(engine.check(wrong)).resolves.toMatchObject({ decidedBy: 'redis' })
    await expect.poll(() => engine.stats().redis?.wakeUps.received).toBeGreaterThan(0)
    expect(engine.stats().redis?.health).toMatchObject({ role: 'master', maxmemoryPolicy: 'noeviction' })
    expect((await redis.command('ACL', 'LOG')) as unknown[]).toEqual([])
    expect(warnings).toEqual([])
  })
})
