import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { readConfig, readHealth, type RedisHealth, type Send } from '#dist/redis/connection/health.js'
import { warningsOf } from '#dist/redis/connection/health-warnings.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'

const GIB = 2 ** 30

/** A reply of INFO, shortened, with the line ends that servers send. */
const infoOf = (name: string): string =>
  readFileSync(new URL(`fixtures/info-${name}.txt`, import.meta.url), 'utf8').replaceAll('\n', '\r\n')
const INFO = {
  'redis 6.2': infoOf('redis-6.2'),
  'redis 8': infoOf('redis-8'),
  'valkey 8': infoOf('valkey-8'),
  // A hosted server that reports little.
  hosted: infoOf('hosted'),
}

/** A server with this reply of INFO, the time 1,700,000,000.25 s, and these readable parameters. */
function saying(info: string, config: Readonly<Record<string, string>> | null = {}): Send {
  return (command, ...args) => {
    if (command === 'INFO' && args.length === 0) return Promise.resolve(Buffer.from(info))
    if (command === 'TIME') return Promise.resolve([Buffer.from('1700000000'), Buffer.from('250000')])
    if (command !== 'CONFIG' || config === null)
      return Promise.reject(new Error(`ERR unknown command '${command}'`))
    return Promise.resolve(
      Object.entries(config)
        .filter(([name]) => name === args[1])
        .flat()
        .map((word) => Buffer.from(word)),
    )
  }
}
const at = (...times: number[]) => ({ now: () => times.shift() ?? NaN })

describe('readHealth', () => {
  it.each<[keyof typeof INFO, Readonly<Record<string, string>> | null, Partial<RedisHealth>]>([
    [
      'redis 6.2',
      { save: '3600 1 300 100' },
      {
        server: 'redis',
        version: '6.2.14',
        mode: 'standalone',
        runId: '1f0c7a3b5d9e8f6a4c2b1d0e9f8a7b6c5d4e3f2a',
        role: 'master',
        usedMemoryBytes: 1_024_000,
        maxMemoryBytes: 0,
        maxmemoryPolicy: 'noeviction',
        evictedKeys: 0,
        rdb: true,
        aof: false,
        clockDistanceMs: 0,
      },
    ],
    [
      'redis 8',
      null,
      {
        server: 'redis',
        version: '8.0.3',
        mode: 'cluster',
        runId: null,
        role: 'master',
        usedMemoryBytes: GIB,
        maxMemoryBytes: 4 * GIB,
        maxmemoryPolicy: 'allkeys-lfu',
        evictedKeys: 17,
        rdb: null,
        aof: true,
        clockDistanceMs: 0,
      },
    ],
    [
      'valkey 8',
      { save: '' },
      {
        server: 'valkey',
        version: '8.1.1',
        mode: 'standalone',
        runId: 'bb',
        role: 'replica',
        usedMemoryBytes: 2_000_000,
        maxMemoryBytes: 0,
        maxmemoryPolicy: 'noeviction',
        evictedKeys: 0,
        rdb: false,
        aof: false,
        clockDistanceMs: 0,
      },
    ],
    [
      'hosted',
      null,
      {
        server: 'redis',
        version: '7.4.2',
        mode: 'standalone',
        runId: null,
        role: null,
        usedMemoryBytes: 5,
        maxMemoryBytes: null,
        maxmemoryPolicy: null,
        evictedKeys: null,
        rdb: null,
        aof: null,
        clockDistanceMs: 0,
      },
    ],
    [
      'hosted',
      { 'maxmemory-policy': 'volatile-lru', save: '' },
      { maxmemoryPolicy: 'volatile-lru', rdb: false },
    ],
  ])('%s, CONFIG %j', async (name, config, expected) => {
    expect(
      await readHealth(saying(INFO[name], config), at(1_700_000_000_200, 1_700_000_000_300)),
    ).toMatchObject(expected)
  })

  it('subtracts half a round trip from the difference of the clocks', async () => {
    const distance = async (...times: number[]) =>
      (await readHealth(saying(INFO['redis 6.2']), at(...times))).clockDistanceMs
    expect(await distance(1_700_000_000_250, 1_700_000_000_250)).toBe(0)
    expect(await distance(1_700_000_005_250, 1_700_000_005_350)).toBe(5000)
    expect(await distance(1_699_999_995_150, 1_699_999_995_250)).toBe(5000)
    expect(await distance(1_700_000_000_000, 1_700_000_000_500)).toBe(0)
    // The clock was set back meanwhile.
    expect(await distance(1_700_000_000_250, 1_700_000_000_150)).toBeLessThan(100)
    expect(await distance(NaN, NaN)).toBeNull()
  })

  it('rejects if INFO fails', async () => {
    await expect(readHealth(() => Promise.reject(new Error('NOPERM')), at(0, 0))).rejects.toThrow('NOPERM')
  })

  it('reads CONFIG from a client that returns maps', async () => {
    expect(await readConfig(() => Promise.resolve({ save: Buffer.from('60 1') }), 'save')).toEqual(
      new Map([['save', '60 1']]),
    )
    expect(await readConfig(() => Promise.resolve(null), 'save')).toEqual(new Map())
  })
})

describe('warningsOf', () => {
  const well: RedisHealth = {
    server: 'redis',
    version: '7.2.5',
    mode: 'standalone',
    runId: 'a',
    role: 'master',
    usedMemoryBytes: GIB,
    maxMemoryBytes: 4 * GIB,
    maxmemoryPolicy: 'noeviction',
    evictedKeys: 5,
    rdb: true,
    aof: false,
    clockDistanceMs: 3,
  }
  const codes = (facts: Partial<RedisHealth>, previous?: Partial<RedisHealth>) =>
    warningsOf({ ...well, ...facts }, previous === undefined ? undefined : { ...well, ...previous }).map(
      ({ code }) => code,
    )

  it('gives no warning if all is well or unknown', () => {
    expect(codes({})).toEqual([])
    expect(codes({}, {})).toEqual([])
    const untold = {
      version: null,
      mode: null,
      runId: null,
      role: null,
      usedMemoryBytes: null,
      maxMemoryBytes: null,
      maxmemoryPolicy: null,
      evictedKeys: null,
      rdb: null,
      aof: null,
      clockDistanceMs: null,
    }
    expect(codes(untold)).toEqual([])
    expect(codes(untold, untold)).toEqual([])
  })

  it.each<[string[], Partial<RedisHealth>, Partial<RedisHealth>?]>([
    [['evicting-policy'], { maxmemoryPolicy: 'volatile-lru' }],
    [['evicting-policy'], { maxmemoryPolicy: 'allkeys-random' }],
    [[], { maxmemoryPolicy: 'volatile-lru', maxMemoryBytes: 0 }],
    [['evicted-keys'], { evictedKeys: 7 }, { evictedKeys: 5 }],
    [[], { evictedKeys: 7 }],
    [[], { evictedKeys: 5 }, { evictedKeys: 5 }],
    [['restarted'], { runId: 'b', evictedKeys: 9 }, { evictedKeys: 5 }],
    [[], { runId: null, mode: 'cluster', evictedKeys: 9 }, { runId: null, mode: 'cluster' }],
    [['memory'], { usedMemoryBytes: 3.7 * GIB }],
    [[], { usedMemoryBytes: 3.5 * GIB }],
    [[], { usedMemoryBytes: 100 * GIB, maxMemoryBytes: 0 }],
    [['evicting-policy', 'memory'], { usedMemoryBytes: 4 * GIB, maxmemoryPolicy: 'volatile-ttl' }],
    [['old-version'], { version: '6.0.16' }],
    [['old-version'], { version: '5.0.7' }],
    [[], { version: '6.2.0' }],
    [[], { version: '10.0.0' }],
    [[], { version: '1.2.0', server: 'valkey' }],
    [['clock'], { clockDistanceMs: 1001 }],
    [[], { clockDistanceMs: 1000 }],
    [['replica'], { role: 'replica' }],
    [['no-persistence'], { rdb: false }],
    [[], { rdb: false, aof: true }],
    [[], { rdb: null, aof: true }],
    [[], { rdb: false, aof: null }],
    [['sentinel'], { mode: 'sentinel', version: '5.0.0' }],
  ])('%j: %j after %j', (expected, facts, previous) => {
    expect(codes(facts, previous)).toEqual(expected)
  })

  it('gives advice with each warning; one is for information only', () => {
    const bad = {
      maxmemoryPolicy: 'volatile-lru',
      evictedKeys: 9,
      runId: 'a',
      usedMemoryBytes: 4 * GIB,
      version: '5.0',
      clockDistanceMs: 9000,
      role: 'replica',
      rdb: false,
    } as const
    const all = [
      ...warningsOf({ ...well, ...bad }, well),
      ...warningsOf({ ...well, runId: 'b' }, well),
      ...warningsOf({ ...well, mode: 'sentinel' }),
    ]
    expect(new Set(all.map(({ code }) => code)).size).toBe(9)
    for (const { message, advice } of all) {
      expect(message).toMatch(/^[a-zA-Z0-9]/)
      expect(advice).toMatch(/^[A-Z].*\.$/)
    }
    expect(all.filter(({ level }) => level === 'info').map(({ code }) => code)).toEqual(['no-persistence'])
  })

  it('tells which keys a policy evicts, and that answers stay right', () => {
    const textOf = (maxmemoryPolicy: string): string =>
      warningsOf({ ...well, maxmemoryPolicy })
        .map(({ message, advice }) => `${message}. ${advice}`)
        .join()
    const volatile = textOf('volatile-lru')
    expect(volatile).toContain('those that expire, as all keys of this layer do')
    expect(volatile).toContain('Answers stay right')
    const any = textOf('allkeys-lru')
    expect(any).toContain('any, those of this layer as well')
  })
})

describe('The health of a real server', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
    return redis.stop
  })
  const look = () => readHealth((command, ...args) => redis.client().callBuffer(command, ...args), Date)

  it('has all fields', async () => {
    const facts = await look()
    expect(facts).toMatchObject({
      mode: 'standalone',
      role: 'master',
      maxMemoryBytes: 0,
      maxmemoryPolicy: 'noeviction',
      evictedKeys: 0,
      rdb: false,
      aof: false,
    })
    expect(facts.version).toMatch(/^\d+\.\d+\.\d+/)
    expect(facts.runId).toMatch(/^[0-9a-f]{40}$/)
    expect(facts.usedMemoryBytes).toBeGreaterThan(100_000)
    expect(facts.clockDistanceMs).toBeLessThan(1000)
    expect(warningsOf(facts).map(({ code }) => code)).toEqual(['no-persistence'])
  })

  it('shows evictions, full memory, the replica role and a restart', async () => {
    const full = 3_000_000
    await redis.command('CONFIG', 'SET', 'maxmemory', full)
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
    await redis.command('CONFIG', 'SET', 'save', '3600 1')
    const before = await look()
    expect(before).toMatchObject({ maxMemoryBytes: full, maxmemoryPolicy: 'volatile-lru', rdb: true })
    const filler = redis.client()
    for (let i = 0; i < 300; i++) await filler.set(`filler:${i}`, 'x'.repeat(10_000), 'EX', 600)
    const after = await look()
    expect(after.evictedKeys).toBeGreaterThan(0)
    expect(warningsOf(after, before).map(({ code }) => code)).toEqual([
      'evicting-policy',
      'evicted-keys',
      'memory',
    ])
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    expect(warningsOf(await look()).map(({ code }) => code)).toContain('replica')
    await redis.restart()
    expect(warningsOf(await look(), after).map(({ code }) => code)).toContain('restarted')
  })

  it('lacks only the fields of CONFIG if the user may not call it', async () => {
    await redis.command('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', '-config')
    const client = redis.client({ username: 'app', password: 'pw' })
    const facts = await readHealth((command, ...args) => client.callBuffer(command, ...args), Date)
    expect(facts).toMatchObject({ maxmemoryPolicy: 'noeviction', rdb: null, aof: false })
    expect(warningsOf(facts)).toEqual([])
  })
})
