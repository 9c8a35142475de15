import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createLimits, type Limits, type LimitsOptions, type Taken } from '#dist/limits/index.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'

const MINUTE = 60
/** Of tests in which Redis answers: the machine may be busy for longer than the default. */
const PATIENT = { seconds: MINUTE, timeoutMs: 10_000 }
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** A key that no other test has. */
const newKey = (): string => crypto.randomUUID()
const takeMany = (limits: Limits, key: string, times: number): Promise<Taken[]> =>
  Promise.all(Array.from({ length: times }, () => limits.take(key)))
const allowedOf = (taken: readonly Taken[]): number => taken.filter(({ allowed }) => allowed).length
const decidersOf = (taken: readonly Taken[]): string[] => [
  ...new Set(taken.map(({ decidedBy }) => decidedBy)),
]

/** A client that is connected, and does not try again by itself within the test. */
async function connected() {
  const client = redis.client()
  await client.ping()
  return client
}

/** How often a limit asks its client. */
function countCommands(client: object): () => number {
  const asked = vi.spyOn(client as { rlflxIncr: () => unknown }, 'rlflxIncr')
  return () => asked.mock.calls.length
}

describe('limits in Redis', () => {
  it('are shared by processes, to the point', async () => {
    const options = { ...PATIENT, points: 5 }
    const key = newKey()
    const all = [
      createLimits({ ...options, redis: await connected() }),
      createLimits({ ...options, redis: await connected() }),
    ]
    const taken = (await Promise.all(all.map((limits) => takeMany(limits, key, 100)))).flat()
    expect(allowedOf(taken)).toBe(5)
    expect(decidersOf(taken)).toEqual(['redis'])
    const last = await all[0]?.take(key)
    expect(last).toMatchObject({ allowed: false, remaining: 0 })
    expect(last?.retryAfterSeconds).toBeGreaterThan(0)
    expect(last?.retryAfterSeconds).toBeLessThanOrEqual(MINUTE)
  })

  it('count the cost, also of what they refuse', async () => {
    const limits = createLimits({ ...PATIENT, points: 10, redis: await connected() })
    const key = newKey()
    expect(await limits.take(key, 4)).toMatchObject({ allowed: true, remaining: 6, retryAfterSeconds: 0 })
    expect(await limits.take(key, 7)).toMatchObject({ allowed: false, remaining: 0 })
    expect(await limits.take(key)).toMatchObject({ allowed: false })
  })

  it('are apart if they have other points, another window or another prefix', async () => {
    const client = await connected()
    const key = newKey()
    const options = { ...PATIENT, points: 2, redis: client }
    await takeMany(createLimits(options), key, 2)
    expect(await createLimits(options).take(key)).toMatchObject({ allowed: false })
    for (const other of [{ points: 3 }, { seconds: 61 }, { prefix: 'other' }])
      expect(await createLimits({ ...options, ...other }).take(key)).toMatchObject({ allowed: true })
  })

  it('have no key of the caller in Redis, and nothing there lasts', async () => {
    const client = await connected()
    await createLimits({ ...PATIENT, points: 2, redis: client, prefix: 'quiet' }).take('rt_a-secret')
    const keys = await client.keys('quiet*')
    expect(keys).toEqual([expect.stringMatching(/^quiet:2\/60:[\w-]{43}$/)])
    expect(await client.ttl(keys[0] ?? '')).toBeGreaterThan(0)
  })

  it('count with a client of node-redis as well', async () => {
    const client = createClient({ url: redis.url })
    client.on('error', () => undefined)
    await client.connect()
    const key = newKey()
    const [limits, other] = [
      createLimits({ ...PATIENT, points: 5, redis: client }),
      createLimits({ ...PATIENT, points: 5, redis: await connected() }),
    ]
    const taken = [...(await takeMany(limits, key, 20)), ...(await takeMany(other, key, 20))]
    expect(allowedOf(taken)).toBe(5)
    expect(decidersOf(taken)).toEqual(['redis'])
    await client.disconnect()
    expect(await limits.take(key)).toMatchObject({ decidedBy: 'memory' })
  })

  it('connect a client that waits for its first command', async () => {
    const limits = createLimits({ points: 1000, seconds: MINUTE, redis: redis.client({ lazyConnect: true }) })
    await expect.poll(async () => (await limits.take('lazy')).decidedBy).toBe('redis')
  })
})

describe('L1: without Redis', () => {
  const options = { ...PATIENT, points: 5, localPoints: 2 }

  it('a server that hangs is not waited for, and the limit holds in this process', async () => {
    const client = await connected()
    const limits = createLimits({ ...options, redis: client, timeoutMs: 200 })
    const key = newKey()
    await expect.poll(async () => (await limits.take(newKey())).decidedBy).toBe('redis')
    const asked = countCommands(client)
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000)
    await redis.suspend(true)
    // Who waits for it all the same has an answer of Redis then.
    const resuming = setTimeout(() => void redis.suspend(false), 5000)
    try {
      const taken = await takeMany(limits, key, 20)
      clearTimeout(resuming)
      expect([allowedOf(taken), decidersOf(taken)]).toEqual([2, ['memory']])
      // Then one a second asks: more would pile up in the client.
      const before = asked()
      for (let i = 0; i < 20; i++) expect(await limits.take(key)).toMatchObject({ decidedBy: 'memory' })
      expect(asked() - before).toBe(0)
      clock.mockReturnValue(2000)
      for (let i = 0; i < 20; i++) expect(await limits.take(key)).toMatchObject({ decidedBy: 'memory' })
      expect(asked() - before).toBe(1)
    } finally {
      clock.mockRestore()
      await redis.suspend(false)
    }
    await expect.poll(async () => (await limits.take(newKey())).decidedBy).toBe('redis')
  })

  it('a server that is gone gives no key more than localPoints, until it is back', async () => {
    const client = await connected()
    const key = newKey()
    expect(allowedOf(await takeMany(createLimits({ ...options, redis: client }), key, 20))).toBe(5)
    const limits = createLimits({ ...options, redis: client, timeoutMs: 200 })
    await redis.kill()
    const taken = await takeMany(limits, key, 20)
    expect([allowedOf(taken), decidersOf(taken)]).toEqual([2, ['memory']])
    await redis.restart()
    await expect.poll(async () => (await limits.take(newKey())).decidedBy).toBe('redis')
  })

  it('a server that was flushed begins a new window', async () => {
    const limits = createLimits({ ...options, redis: await connected() })
    const key = newKey()
    await takeMany(limits, key, 5)
    await redis.command('FLUSHALL')
    const taken = await takeMany(limits, key, 20)
    expect([allowedOf(taken), decidersOf(taken)]).toEqual([5, ['redis']])
  })

  it('a server that takes no writes is no reason to let all pass', async () => {
    const limits = createLimits({ ...options, redis: await connected() })
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      const taken = await takeMany(limits, newKey(), 20)
      expect([allowedOf(taken), decidersOf(taken)]).toEqual([2, ['memory']])
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    }
  })

  it.each([
    ['no number', ['many', 60_000]],
    ['nothing', null],
    ['an empty list', []],
  ])('an answer that is %s is no reason to let all pass', async (_what, reply) => {
    const client = { eval: () => Promise.resolve(reply) }
    const taken = await takeMany(createLimits({ ...options, redis: client }), newKey(), 20)
    expect([allowedOf(taken), decidersOf(taken)]).toEqual([2, ['memory']])
  })

  it('a client that can not connect is no reason to throw', async () => {
    const client = redis.client({ lazyConnect: true, retryStrategy: () => null })
    await redis.kill()
    const limits = createLimits({ ...options, redis: client })
    const taken = await takeMany(limits, newKey(), 20)
    expect([allowedOf(taken), decidersOf(taken)]).toEqual([2, ['memory']])
    await redis.restart()
  })
})

describe('limits in memory', () => {
  it('hold, and begin again with the next window', async () => {
    vi.useFakeTimers()
    try {
      const limits = createLimits({ points: 3, seconds: MINUTE })
      const taken = await takeMany(limits, 'a', 5)
      expect([allowedOf(taken), decidersOf(taken)]).toEqual([3, ['memory']])
      expect(taken[0]).toEqual({ allowed: true, remaining: 2, retryAfterSeconds: 0, decidedBy: 'memory' })
      expect(taken[4]).toEqual({
        allowed: false,
        remaining: 0,
        retryAfterSeconds: MINUTE,
        decidedBy: 'memory',
      })
      expect(await limits.take('b')).toMatchObject({ allowed: true })
      await vi.advanceTimersByTimeAsync(MINUTE * 1000 - 1)
      expect(await limits.take('a')).toMatchObject({ allowed: false, retryAfterSeconds: 1 })
      await vi.advanceTimersByTimeAsync(1)
      expect(await limits.take('a')).toMatchObject({ allowed: true })
    } finally {
      vi.useRealTimers()
    }
  })

  it('hold for the longest window', async () => {
    vi.useFakeTimers()
    try {
      const limits = createLimits({ points: 1, seconds: 604_800 })
      await limits.take('a')
      await vi.advanceTimersByTimeAsync(604_799_000)
      expect(await limits.take('a')).toMatchObject({ allowed: false })
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('bad input', () => {
  it.each([
    [{}, 'points'],
    [{ points: 1 }, 'seconds'],
    [{ points: 0, seconds: 1 }, 'points'],
    [{ points: 1.5, seconds: 1 }, 'points'],
    [{ points: '5', seconds: 1 }, 'points'],
    [{ points: 1, seconds: 604_801 }, 'seconds'],
    [{ points: 1, seconds: 0 }, 'seconds'],
    [{ points: 1, seconds: 1, second: 1 }, "did you mean 'seconds'"],
    [{ points: 1, seconds: 1, localPoints: 2 }, 'localPoints'],
    [{ points: 1, seconds: 1, timeoutMs: 0 }, 'timeoutMs'],
    [{ points: 1, seconds: 1, prefix: 'a b' }, 'prefix'],
    [{ points: 1, seconds: 1, prefix: 7 }, 'prefix'],
    [{ points: 1, seconds: 1, redis: {} }, 'redis'],
    [{ points: 1, seconds: 1, redis: null }, 'redis'],
    [{ points: 1, seconds: 1, redis: 'redis://localhost' }, 'redis'],
    [null, 'options'],
  ])('refuses the options %j', (options, named) => {
    expect(() => createLimits(options as unknown as LimitsOptions)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringContaining(named) as string,
      }),
    )
  })

  it.each([
    ['', 1],
    [undefined, 1],
    [7, 1],
    ['a', 0],
    ['a', 4],
    ['a', 1.5],
    ['a', -1],
    ['a', Number.NaN],
    ['a', '1'],
  ])('refuses to take of the key %j at the cost of %j, and counts nothing', async (key, cost) => {
    const limits = createLimits({ points: 3, seconds: MINUTE })
    await expect(limits.take(key as string, cost as number)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    expect(await limits.take('a', 3)).toMatchObject({ allowed: true })
  })
})
