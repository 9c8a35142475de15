import { beforeAll, describe, expect, it } from 'vitest'
import { readConfig, readHealth, type RedisHealth, type Send } from '#dist/redis/connection/health.js'
import { warningsOf } from '#dist/redis/connection/health-warnings.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'

const GIB = 2 ** 30

/** What INFO says, cut to what matters here, as each server writes it. */
const INFO = {
  'redis 6.2': `# Server\r\nredis_version:6.2.14\r\nredis_git_sha1:00000000\r\nredis_mode:standalone\r\nos:Linux 5.15.0 x86_64\r\nrun_id:1f0c7a3b5d9e8f6a4c2b1d0e9f8a7b6c5d4e3f2a\r\ntcp_port:6379\r\n\r\n# Memory\r\nused_memory:1024000\r\nused_memory_human:1000.00K\r\nmaxmemory:0\r\nmaxmemory_human:0B\r\nmaxmemory_policy:noeviction\r\n\r\n# Persistence\r\nloading:0\r\nrdb_last_save_time:1700000000\r\naof_enabled:0\r\n\r\n# Stats\r\nexpired_keys:0\r\nevicted_keys:0\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:1\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=42,lag=0\r\nmaster_replid:0a\r\n\r\n# Keyspace\r\ndb0:keys=1,expires=1,avg_ttl=0\r\n`,
  'redis 8': `# Server\r\nredis_version:8.0.3\r\nredis_git_sha1:00000000\r\nredis_mode:cluster\r\nos:Linux 6.8.0 x86_64\r\nrun_id:aa\r\nserver_time_usec:1700000000000000\r\n\r\n# Memory\r\nused_memory:${GIB}\r\nmaxmemory:${4 * GIB}\r\nmaxmemory_policy:allkeys-lfu\r\n\r\n# Persistence\r\naof_enabled:1\r\n\r\n# Stats\r\nevicted_keys:17\r\n\r\n# Replication\r\nrole:master\r\n\r\n# Modules\r\nmodule:name=search,ver=80000,api=1\r\n`,
  'valkey 8': `# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nvalkey_release_stage:ga\r\nredis_git_sha1:00000000\r\nserver_mode:standalone\r\nos:Linux 6.8.0 x86_64\r\nrun_id:bb\r\n\r\n# Memory\r\nused_memory:2000000\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n\r\n# Persistence\r\naof_enabled:0\r\n\r\n# Stats\r\nevicted_keys:0\r\n\r\n# Replication\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_link_status:up\r\n`,
  'a hosted one that says little':
    '# Server\r\nredis_version:7.4.2\r\nredis_mode:standalone\r\n# Memory\r\nused_memory:5\r\n',
}

/** A server that says so, whose clock stands at 1,700,000,000.25 s, and of whose settings these may be read. */
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

describe('what a server says of itself', () => {
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
      'a hosted one that says little',
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
      'a hosted one that says little',
      { 'maxmemory-policy': 'volatile-lru', save: '' },
      { maxmemoryPolicy: 'volatile-lru', rdb: false },
    ],
  ])('%s, CONFIG %j', async (name, config, expected) => {
    expect(
      await readHealth(saying(INFO[name], config), at(1_700_000_000_200, 1_700_000_000_300)),
    ).toMatchObject(expected)
  })

  it('has a clock, whose distance is told without what the round trip may be', async () => {
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

  it('is not known where INFO fails', async () => {
    await expect(readHealth(() => Promise.reject(new Error('NOPERM')), at(0, 0))).rejects.toThrow('NOPERM')
  })

  it('may come as a map, to a client that asks for maps', async () => {
    expect(await readConfig(() => Promise.resolve({ save: Buffer.from('60 1') }), 'save')).toEqual(
      new Map([['save', '60 1']]),
    )
    expect(await readConfig(() => Promise.resolve(null), 'save')).toEqual(new Map())
  })
})

describe('what of that should be looked after', () => {
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

  it('nothing, where all is well, or not told', () => {
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

  it('each says what to do; only one is for information', () => {
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

  it('tells that a policy takes the keys of this layer first, and that answers stay right', () => {
    const [volatile] = warningsOf({ ...well, maxmemoryPolicy: 'volatile-lru' })
    expect(volatile.message).toContain('those that expire, as all keys of this layer do')
    expect(volatile.advice).toContain('Answers stay right')
    const [any] = warningsOf({ ...well, maxmemoryPolicy: 'allkeys-lru' })
    expect(any.message).toContain('any, those of this layer as well')
  })
})

describe('a real server', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
    return redis.stop
  })
  const look = () => readHealth((command, ...args) => redis.client().callBuffer(command, ...args), Date)

  it('says all of it', async () => {
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

  it('is seen to evict, to be full, to be a replica and to be started anew', async () => {
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

  it('whose user may not ask CONFIG says the rest', async () => {
    await redis.command('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', '-config')
    const client = redis.client({ username: 'app', password: 'pw' })
    const facts = await readHealth((command, ...args) => client.callBuffer(command, ...args), Date)
    expect(facts).toMatchObject({ maxmemoryPolicy: 'noeviction', rdb: null, aof: false })
    expect(warningsOf(facts)).toEqual([])
  })
})
