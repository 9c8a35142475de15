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

/**
 * Revocations of the tokens `t0`, `t1` and so on. By `jti` alone, for any issuer, they would give each token
 * a second digest, and with it another chance of a false positive.
 */
const revocations = (count: number): { token: TokenClaims }[] =>
  Array.from({ length: count }, (_, i) => ({ token: token(`t${i}`) }))

/** Longer than any reply of a busy machine takes, in milliseconds. */
const timeoutMs = 10_000

/** An engine that the end of the test closes. Its prefilter is coarse, so that it is often wrong. */
async function open(options: RevocadeOptions = {}): Promise<Revocade> {
  const engine = await createRevocade({
    store: join(temporaryDirectory(), 'store.db'),
    redis: { url: redis.url, timeoutMs },
    prefilter: { kind: 'trie', prefixBits: 8 },
    maxTokenLifetimeSeconds: 3600,
    ...options,
  })
  onTestFinished(() => engine.close())
  return engine
}

const ready = (engine: Revocade): Promise<void> =>
  expect.poll(() => engine.stats().redis?.complete, { timeout: 10_000 }).toBe(true)

/** Tokens that nobody revoked and the prefilter can't rule out: `count` of them, at least two. */
function falsePositives(engine: Revocade, count = 2): [TokenClaims, TokenClaims, ...TokenClaims[]] {
  let i = 0
  const next = (): TokenClaims => {
    while (engine.isClearlyActive(token(`other-${i}`))) i++
    return token(`other-${i++}`)
  }
  return [next(), next(), ...Array.from({ length: count - 2 }, next)]
}

const buckets = async (): Promise<string[]> =>
  ((await redis.command('KEYS', 'revocade:*')) as string[]).sort()
const fields = async (): Promise<number> => {
  const lengths = await Promise.all((await buckets()).map((key) => redis.command('HLEN', key)))
  return lengths.reduce((sum: number, length) => sum + Number(length) - 1, 0)
}

describe('A check', () => {
  it('asks nothing of Redis if reads is when-store-fails and the store answers', async () => {
    const engine = await open({ redis: { url: redis.url, reads: 'when-store-fails', timeoutMs } })
    await engine.revokeMany(revocations(60))
    await ready(engine)
    const tokens = falsePositives(engine, 20)
    const sent = await countCommands(redis)
    for (const claims of tokens)
      expect(await engine.check(claims)).toEqual({ status: 'active', decidedBy: 'store' })
    expect(await engine.check(token('t1'))).toMatchObject({ status: 'revoked', decidedBy: 'store' })
    expect(await sent()).toEqual({})
    expect(engine.stats().redis).toMatchObject({ state: 'ready', complete: true, lookups: 0 })
  })

  it('leaves it to the health check to notice an emptied Redis', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const engine = await open({ redis: { url: redis.url, reads: 'when-store-fails' } })
    await engine.revokeMany(revocations(60))
    await ready(engine)
    await redis.command('FLUSHALL')
    expect(await fields()).toBe(0)
    // The interval of the health check.
    vi.advanceTimersByTime(30_000)
    await expect.poll(fields, { timeout: 10_000 }).toBe(60)
  })

  it('asks nothing of Redis if the prefilter rules the token out', async () => {
    const engine = await open({ prefilter: { kind: 'bloom' } })
    await engine.revoke(token('a'))
    await ready(engine)
    const sent = await countCommands(redis)
    for (let i = 0; i < 10_000; i++) await engine.isRevoked(token(`b${i}`))
    expect(engine.stats().decided).toMatchObject({ prefilter: 10_000 })
    expect(await sent()).toEqual({})
  })

  it('makes one round trip for a false positive, then none until its digest changes', async () => {
    const engine = await open()
    await engine.revokeMany(revocations(40))
    await ready(engine)
    const [wrong] = falsePositives(engine)
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

  it('shares one command with all concurrent checks of the same token', async () => {
    const engine = await open()
    await engine.revokeMany(revocations(40))
    await ready(engine)
    const [wrong] = falsePositives(engine)
    const sent = await countCommands(redis)
    const answers = await Promise.all(Array.from({ length: 500 }, () => engine.isRevoked(wrong)))
    expect(new Set(answers)).toEqual(new Set([false]))
    expect(await sent()).toEqual({ hmget: 1 })
  })

  it('does not wait for the round trips of other checks', async () => {
    const proxy = await startProxy({ url: redis.url })
    onTestFinished(() => proxy.stop())
    const engine = await open({ redis: { url: proxy.url, timeoutMs } })
    await engine.revokeMany(revocations(60))
    await ready(engine)
    const wrong = falsePositives(engine, 200)
    proxy.latency(50)
    const begun = performance.now()
    await engine.check(wrong[0])
    const one = performance.now() - begun
    await Promise.all(wrong.map((claims) => engine.check(claims)))
    expect(engine.stats().decided).toMatchObject({ redis: 200, cache: 1 })
    // 199 checks one after another would take 199 times as long as one.
    expect(performance.now() - begun).toBeLessThan(one * 20)
  })
})

describe('A bucket in Redis', () => {
  it('is a small hash with an expiry that holds only current revocations', async () => {
    const engine = await open()
    await engine.revokeMany(revocations(3000))
    await ready(engine)
    const keys = await buckets()
    expect(keys.length).toBe(engine.stats().redis?.buckets)
    expect(keys.length).toBeGreaterThan(3000 / 256)
    expect(await fields()).toBe(3000)
    for (const key of keys) {
      // It is named listpack since Redis 7.0, and ziplist before.
      expect(await redis.command('OBJECT', 'ENCODING', key)).toMatch(/^(?:listpack|ziplist)$/)
      expect(Number(await redis.command('TTL', key))).toBeGreaterThan(86_400)
      expect(Number(await redis.command('TTL', key))).toBeLessThanOrEqual(86_400 + 3600)
    }
    await Promise.all(Array.from({ length: 1000 }, (_, i) => engine.unrevoke(token(`t${i}`))))
    await ready(engine)
    expect(await fields()).toBe(2000)
  })

  it('belongs to one store and one namespace', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const [a, b, c] = [await open({ store }), await open({ store, namespace: 'b' }), await open()]
    for (const engine of [a, b, c]) await engine.revoke(token('a'))
    expect(await buckets()).toHaveLength(3)
  })

  it('replaces a key of another type', async () => {
    const engine = await open()
    await engine.revokeMany(revocations(40))
    await ready(engine)
    const [key = ''] = await buckets()
    await redis.command('SET', key, 'something else')
    const [first, second] = falsePositives(engine)
    await expect(engine.check(first)).resolves.toMatchObject({ status: 'active', decidedBy: 'store' })
    await ready(engine)
    await expect(engine.check(second)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
  })

  it('loses its expired fields when it is written whole', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const engine = await open({ store, clockToleranceSeconds: 0 })
    await engine.revokeMany(revocations(100))
    await ready(engine)
    const [key = ''] = await buckets()
    // Fields of revocations that have expired and that the store has purged.
    await redis.command(
      'HSET',
      key,
      ...Array.from({ length: 100 }, (_, i) => [`old-${String(i).padStart(2, '0')}`, 'abcd']).flat(),
    )
    await engine.revoke(token('one more'))
    expect(await fields()).toBe(101)
  })
})

describe('A receipt', () => {
  it('says whether Redis is off, written or queued; a queued write follows', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const without = await open({ store, redis: undefined })
    await expect(without.revoke(token('a'))).resolves.toMatchObject({ redis: 'off' })
    const proxy = await startProxy({ url: redis.url })
    onTestFinished(() => proxy.stop())
    const engine = await open({ store, redis: { url: proxy.url, timeoutMs: 1000 } })
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

  it('of an engine without Redis says off, and another engine writes the bucket', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const engine = await open({ store })
    const without = await open({ store, redis: undefined })
    await ready(engine)
    await without.revoke(token('a'))
    expect(await fields()).toBe(0)
    await expect.poll(fields, { timeout: 20_000 }).toBe(1)
  }, 30_000)
})

describe('The prefix cache', () => {
  it('proves no absence after FLUSHALL, and is filled again', async () => {
    const engine = await open()
    await engine.revokeMany(revocations(1000))
    await ready(engine)
    const [first, second] = falsePositives(engine)
    await redis.command('FLUSHALL')
    await expect(engine.check(first)).resolves.toMatchObject({ status: 'active', decidedBy: 'store' })
    await expect(engine.isRevoked(token('t7'))).resolves.toBe(true)
    await expect.poll(fields, { timeout: 20_000 }).toBe(1000)
    await ready(engine)
    const { verified, buckets: all } = engine.stats().redis ?? {}
    expect(verified).toBe(all)
    await expect(engine.check(second)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
  }, 30_000)

  it('sends the script to a server that does not know it', async () => {
    const engine = await open()
    await engine.revoke(token('a'))
    await redis.command('SCRIPT', 'FLUSH')
    await expect(engine.revoke(token('b'))).resolves.toMatchObject({ redis: 'written' })
  })

  it('repeats the writes that a server without memory has refused', async () => {
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
    // The answer of Redis comes after the write.
    await expect.poll(() => engine.stats().redis).toMatchObject({ queued: 0, why: null })
  })

  it('of a large store that is new to Redis is split, then filled', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const before = await open({ store, redis: undefined })
    await before.revokeMany(revocations(20_000))
    const engine = await open({ store })
    await ready(engine)
    expect(await fields()).toBe(20_000)
    expect((await buckets()).length).toBe(engine.stats().redis?.buckets)
    expect(engine.stats().redis?.buckets).toBeGreaterThanOrEqual(128)
  })
})

describe('The access list of docs/redis.md', () => {
  it('allows every command that an engine sends', async () => {
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
      redis: { url: redis.url, username: 'revocade', password: 'secret', timeoutMs },
      logger: { debug: note, info: ignore, warn: note, error: note },
    })
    await engine.revokeMany(revocations(600))
    await ready(engine)
    await expect(engine.revoke(token('a'))).resolves.toMatchObject({ redis: 'written' })
    await engine.unrevoke(token('a'))
    const [wrong] = falsePositives(engine)
    await expect(engine.check(wrong)).resolves.toMatchObject({ decidedBy: 'redis' })
    await expect.poll(() => engine.stats().redis?.wakeUps.received).toBeGreaterThan(0)
    expect(engine.stats().redis?.health).toMatchObject({ role: 'master', maxmemoryPolicy: 'noeviction' })
    expect((await redis.command('ACL', 'LOG')) as unknown[]).toEqual([])
    expect(warnings).toEqual([])
  })
})
