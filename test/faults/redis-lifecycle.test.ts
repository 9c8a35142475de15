import { join } from 'node:path'
import type { Logger, Revocade } from 'revocade'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open } from '../support/engine.js'
import { Child } from '../support/process.js'
import { countCommands } from '../support/redis/count-commands.js'
import { startProxy, type TcpProxy } from '../support/redis/proxy.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { report } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW, until } from '../support/time.js'
import { Host } from './host.js'

const SECRET = 'a secret of these tests'

/** What an engine says to people. */
function listen(): { readonly logger: Logger; readonly warnings: string[] } {
  const warnings: string[] = []
  const ignore = (): void => undefined
  const note = (_details: object, message: string): void => void warnings.push(message)
  return { warnings, logger: { debug: ignore, info: ignore, warn: note, error: note } }
}

const complete = (engine: Revocade): Promise<void> =>
  until('Redis is filled', () => engine.stats().redis?.complete === true)
const ready = (engine: Revocade): Promise<void> =>
  until('Redis answers', () => engine.stats().redis?.state === 'ready')
const revocations = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW }))

async function through(redis: RedisServer): Promise<TcpProxy> {
  const proxy = await startProxy(redis)
  onTestFinished(proxy.stop)
  return proxy
}

/** An engine whose prefilter rules little out, and that caches no verdicts: nearly every check asks Redis. */
const asking = { prefilter: { kind: 'trie', prefixBits: 8 }, cacheEntries: 0 } as const

/** Commands that may be on their way to Redis at once. */
const MOST_IN_FLIGHT = 1024

describe('a Redis that hangs', () => {
  it('gets a bounded number of commands, then none until it answers again', async () => {
    const redis = await startRedis()
    const { logger, warnings } = listen()
    const engine = await open({
      store: join(temporaryDirectory(), 'store.db'),
      redis: redis.url,
      logger,
      ...asking,
    })
    // With an issuer: an id without one is a selector, and a check would ask for two digests.
    await engine.revokeMany(revocations(400).map((one) => ({ iss: 'https://issuer.example', ...one })))
    await complete(engine)
    const check = (i: number) => engine.check({ jti: `other-${i}`, exp: TOMORROW })
    await redis.suspend(true)
    const asked = engine.stats().redis?.lookups ?? 0
    const first = await Promise.all(Array.from({ length: MOST_IN_FLIGHT * 3 }, (_, i) => check(i)))
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set(['active']))
    // On a slow machine the next probe is under way.
    expect(engine.stats().redis).toMatchObject({
      state: 'unavailable',
      breaker: expect.stringMatching(/^(half-)?open$/) as string,
    })
    expect(engine.stats().redis?.lookups).toBeLessThanOrEqual(asked + MOST_IN_FLIGHT)
    const before = engine.stats()
    const times: number[] = []
    let waited = 0
    for (let i = 0; i < 2000; i++) {
      const start = performance.now()
      const answer = check(i).then((verdict) => {
        times.push(performance.now() - start)
        return verdict
      })
      // What waits for anything outside has no answer yet when the event loop comes by.
      await new Promise(setImmediate)
      if (times.length === i) waited++
      const { status, decidedBy } = await answer
      expect(status).toBe('active')
      expect(decidedBy).not.toBe('redis')
    }
    expect(waited).toBe(0)
    const after = engine.stats()
    expect(after.redis?.lookups).toBe(before.redis?.lookups)
    expect(after.decided.store).toBeGreaterThan(before.decided.store + 100)
    const p99 = times.toSorted((a, b) => a - b)[1980] ?? NaN
    report('a Redis that hangs, once the breaker is open', {
      checks: times.length,
      'p99 of a check, in µs': Math.round(p99 * 1000),
    })
    await redis.suspend(false)
    await ready(engine)
    await until('Redis decides again', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, i) => check(i)))
      return engine.stats().decided.redis > after.decided.redis
    })
    expect(warnings.filter((text) => text.startsWith('Redis is not asked'))).toHaveLength(1)
  })

  it('holds up neither the end of an engine nor a revocation', async () => {
    const redis = await startRedis()
    const engine = await open({ store: join(temporaryDirectory(), 'store.db'), redis: redis.url, ...asking })
    await complete(engine)
    await redis.suspend(true)
    await expect(engine.revoke({ jti: 'a', exp: TOMORROW })).resolves.toMatchObject({
      redis: 'queued',
      durable: true,
    })
    // An end that waited for an answer would not come.
    await engine.close()
    await redis.suspend(false)
  })
})

describe('an engine that starts while Redis is away', () => {
  it('starts, says so once, and uses it from when it is there', async () => {
    const redis = await startRedis()
    const proxy = await through(redis)
    proxy.refuse()
    const { logger, warnings } = listen()
    const engine = await open({
      store: join(temporaryDirectory(), 'store.db'),
      redis: proxy.url,
      logger,
      ...asking,
    })
    expect(engine.stats().redis).toMatchObject({ state: 'connecting', complete: false })
    await expect(engine.revoke({ jti: 'a', exp: TOMORROW })).resolves.toMatchObject({ redis: 'queued' })
    await expect(engine.isRevoked({ jti: 'a', exp: TOMORROW })).resolves.toBe(true)
    await proxy.accept()
    await complete(engine)
    expect(Number(await redis.command('DBSIZE'))).toBe(1)
    expect(warnings).toEqual([
      'Redis does not answer: starting without it, answers come from the store until it does',
    ])
  })
})

describe('a process that dies between its commit and Redis', () => {
  it.each([
    ['at once where they look something up in it', true],
    ['after a while where nobody does', false],
  ])(
    'leaves a bucket behind that the others bring up to date, %s; meanwhile nothing is missed',
    async (_when, looked) => {
      const redis = await startRedis()
      const proxy = await through(redis)
      const store = join(temporaryDirectory(), 'store.db')
      const options = { store, secret: SECRET, ...asking }
      const other = await open({ ...options, redis: redis.url, maxStalenessMs: 50 })
      await other.revokeMany(revocations(50))
      await complete(other)
      const host = await Host.open({ ...options, redis: proxy.url })
      await until('the host uses Redis', async () => (await host.stats()).redis?.complete === true)
      const entries = async (): Promise<number> => {
        const keys = (await redis.command('KEYS', 'revocade:*')) as string[]
        const lengths = await Promise.all(keys.map((key) => redis.command('HLEN', key)))
        return lengths.reduce((sum: number, length) => sum + Number(length) - 1, 0)
      }
      proxy.blackHole()
      await host.revoke({ jti: 'the last', exp: TOMORROW })
      await host.kill()
      expect(await entries()).toBe(50)
      await until('it is seen elsewhere', () => !other.isClearlyActive({ jti: 'the last', exp: TOMORROW }))
      const last = (): Promise<unknown> =>
        expect(other.check({ jti: 'the last' })).resolves.toMatchObject({
          status: 'revoked',
          decidedBy: 'store',
        })
      if (looked) await last()
      await until('somebody has written it', async () => (await entries()) === 51)
      expect(other.stats().redis?.unproven).toBe(looked ? 1 : 0)
      await last()
    },
  )
})

describe('a process that has nothing else to do', () => {
  const states: readonly (readonly [string, (redis: RedisServer) => Promise<void>])[] = [
    ['is connected to Redis', () => Promise.resolve()],
    ['waits for a Redis that hangs', (redis) => redis.suspend(true)],
    ['looks for a Redis that is away', (redis) => redis.kill()],
  ]
  it.each(states)('ends, though its engine %s and was never closed', async (_what, become) => {
    const redis = await startRedis()
    await become(redis)
    const child = new Child(new URL('children/unclosed.mjs', import.meta.url), [
      JSON.stringify({
        options: { store: join(temporaryDirectory(), 'store.db'), redis: redis.url },
        exp: TOMORROW,
        revoke: ['a', 'b', 'c', 'd'],
      }),
    ])
    await child.ended
    expect(child.complaints).toBe('')
    expect(child.process.exitCode).toBe(0)
  })
})

describe('what engines tell each other', () => {
  it('is one message for many commits, and one poll', async () => {
    const redis = await startRedis()
    const store = join(temporaryDirectory(), 'store.db')
    const [writer, other] = [
      await open({ store, redis: redis.url }),
      await open({ store, redis: redis.url, maxStalenessMs: 60_000 }),
    ]
    await until('it listens', () => other.stats().redis?.wakeUps.listening === true)
    const sent = await countCommands(redis)
    await Promise.all(Array.from({ length: 500 }, (_, i) => writer.revoke({ jti: `t${i}`, exp: TOMORROW })))
    // Its own poll would be due in 20 s.
    await until('it was heard', () =>
      Array.from({ length: 500 }, (_, i) => i).every(
        (i) => !other.isClearlyActive({ jti: `t${i}`, exp: TOMORROW }),
      ),
    )
    expect((await sent()).publish).toBeLessThan(250)
  })

  it('is not believed', async () => {
    const redis = await startRedis()
    const engine = await open({ store: join(temporaryDirectory(), 'store.db'), redis: redis.url, ...asking })
    await complete(engine)
    const [channel = ''] = (await redis.command('PUBSUB', 'CHANNELS', 'revocade:*')) as string[]
    for (const message of [
      'wake 999999',
      'wake -1',
      'wake x',
      'figures ../x',
      'figures',
      '',
      'x'.repeat(100_000),
    ])
      await redis.command('PUBLISH', channel, message)
    await until('they came', () => (engine.stats().redis?.wakeUps.received ?? 0) >= 7)
    await expect(engine.check({ jti: 'a', exp: TOMORROW })).resolves.toMatchObject({ status: 'active' })
    expect(engine.stats().lease.live).toBe(true)
  })
})
