import { Cluster, Redis } from 'ioredis'
import { createRevocade, type RedisClient, type RevocadeOptions } from 'revocade'
import { describe, expect, it } from 'vitest'
import { RevocadeError } from '#dist/errors.js'
import { readOptions } from '#dist/options.js'
import { readRedisOptions } from '#dist/redis/options.js'

const SECRET = 'hUnTeR2-qZx'
const access = { username: undefined, password: undefined }
const single = {
  kind: 'single',
  host: 'localhost',
  port: 6379,
  db: 0,
  tls: undefined,
  ...access,
  description: 'redis://localhost:6379/0',
}
const targetOf = (value: unknown): unknown => readRedisOptions(value).target

describe('The option redis.url', () => {
  it('leaves the other options at their defaults', () => {
    expect(readRedisOptions('redis://localhost')).toEqual({
      target: single,
      timeoutMs: 50,
      reads: 'before-store',
      keyPrefix: 'revocade',
    })
    expect(
      readRedisOptions({
        url: 'redis://localhost',
        timeoutMs: 20.5,
        reads: 'when-store-fails',
        keyPrefix: 'app:auth',
      }),
    ).toEqual({ target: single, timeoutMs: 20.5, reads: 'when-store-fails', keyPrefix: 'app:auth' })
  })

  it('goes with secrets and TLS options beside it', () => {
    expect(targetOf({ url: 'redis://localhost', username: 'app', password: SECRET })).toEqual({
      ...single,
      username: 'app',
      password: SECRET,
    })
    expect(targetOf({ url: 'rediss://localhost', tls: { ca: 'PEM' } })).toEqual({
      ...single,
      tls: { ca: 'PEM' },
      description: 'rediss://localhost:6379/0',
    })
    expect(targetOf({ url: 'redis://localhost', tls: true })).toEqual({
      ...single,
      tls: {},
      description: 'rediss://localhost:6379/0',
    })
    expect(targetOf({ url: 'redis://a,b/m', sentinelPassword: SECRET })).toMatchObject({
      kind: 'sentinel',
      sentinelPassword: SECRET,
    })
    expect(targetOf({ url: '/run/redis.sock', password: SECRET })).toMatchObject({
      kind: 'socket',
      password: SECRET,
    })
    expect(
      targetOf({ url: 'redis://a,b', tls: { servername: 'x' }, username: 'u', password: 'p' }),
    ).toMatchObject({ kind: 'cluster', username: 'u', password: 'p', tls: { servername: 'x' } })
  })
})

describe('Connection fields', () => {
  it.each([
    [
      { host: 'h', port: 7000, db: 3, username: 'u', password: 'p', tls: { ca: 'PEM' } },
      {
        ...single,
        host: 'h',
        port: 7000,
        db: 3,
        username: 'u',
        password: 'p',
        tls: { ca: 'PEM' },
        description: 'rediss://h:7000/3',
      },
    ],
    [{ port: 6380 }, { ...single, port: 6380, description: 'redis://localhost:6380/0' }],
    [
      { host: '::1', tls: false },
      { ...single, host: '::1', description: 'redis://[::1]:6379/0' },
    ],
    [
      { path: '/run/r.sock', db: 1 },
      { kind: 'socket', path: '/run/r.sock', db: 1, ...access, description: 'unix:///run/r.sock?db=1' },
    ],
    [
      {
        sentinels: ['s1', { host: 's2' }, { host: '::1', port: 5 }, '[::2]:6'],
        name: 'm',
        sentinelPassword: 'sp',
        db: 2,
      },
      {
        kind: 'sentinel',
        sentinels: [
          { host: 's1', port: 26_379 },
          { host: 's2', port: 26_379 },
          { host: '::1', port: 5 },
          { host: '::2', port: 6 },
        ],
        name: 'm',
        sentinelPassword: 'sp',
        db: 2,
        tls: undefined,
        ...access,
        description: 'redis://s1:26379,s2:26379,[::1]:5,[::2]:6/m/2',
      },
    ],
    [
      { nodes: ['n1:7000', { host: 'n2' }], tls: true },
      {
        kind: 'cluster',
        nodes: [
          { host: 'n1', port: 7000 },
          { host: 'n2', port: 6379 },
        ],
        tls: {},
        ...access,
        description: 'rediss://n1:7000,n2:6379',
      },
    ],
  ])('%j', (options, target) => {
    expect(targetOf(options)).toEqual(target)
  })
})

describe('The option redis.client', () => {
  it('takes a client or cluster of ioredis, alone or among options', () => {
    const redis: RedisClient = new Redis({ lazyConnect: true })
    const cluster: RedisClient = new Cluster(['redis://localhost'], { lazyConnect: true })
    const options: RevocadeOptions = { redis: { client: cluster, timeoutMs: 10 } }
    expect(readRedisOptions(redis)).toEqual({
      target: { kind: 'client', client: redis },
      timeoutMs: 50,
      reads: 'before-store',
      keyPrefix: 'revocade',
    })
    expect(targetOf(cluster)).toEqual({ kind: 'client', client: cluster })
    expect(readOptions(options).redis).toMatchObject({ target: { client: cluster }, timeoutMs: 10 })
  })

  it('refuses a client of another library', () => {
    class OtherClient {
      readonly isOpen = true
      sendCommand(): void {}
      duplicate(): void {}
    }
    expect(() => readRedisOptions(new OtherClient())).toThrow(/must be a URL, an ioredis client/)
    expect(() => readRedisOptions({ client: new OtherClient() })).toThrow(/redis.client.*ioredis/)
  })
})

describe('The settings', () => {
  it('are frozen', () => {
    const tls = { ca: 'PEM' }
    const { target, ...settings } = readRedisOptions({ sentinels: ['a', 'b'], name: 'm', tls })
    const all = [
      readRedisOptions('/x'),
      target,
      settings,
      ...(target.kind === 'sentinel' ? [target.sentinels, ...target.sentinels, target.tls] : []),
    ]
    expect(all.map((part) => part === settings || Object.isFrozen(part))).not.toContain(false)
    expect(Object.isFrozen(tls)).toBe(false)
  })

  it('are undefined without the option', () => {
    expect(readOptions().redis).toBeUndefined()
    expect(readOptions({ redis: undefined }).redis).toBeUndefined()
    expect(readOptions({ redis: null }).redis).toBeUndefined()
  })
})

const refused: [unknown, RegExp][] = [
  [7, /must be a URL/],
  [true, /must be a URL/],
  [[], /must be a URL/],
  ['', /redis.url/],
  [new Map(), /must be a URL/],
  [new URL('redis://h'), /must be a URL/],
  [{ timeoutMS: 5, host: 'h' }, /'timeoutMS': did you mean 'timeoutMs'/],
  [{ uri: 'redis://h' }, /unknown redis option 'uri'/],
  [{ family: 6, host: 'h' }, /unknown redis option 'family'/],
  [{}, /where the server is/],
  [{ timeoutMs: 5 }, /where the server is/],
  [{ password: SECRET }, /where the server is/],
  [{ name: 'm' }, /where the server is/],
  [{ db: 1 }, /where the server is/],
  [{ url: 7 }, /redis.url/],
  [{ url: `http://:${SECRET}@h` }, /forms/],
  [{ url: 'redis://h', host: 'h' }, /redis.host.*does not go with a url/],
  [{ url: 'redis://h', db: 1 }, /redis.db.*does not go with a url/],
  [{ url: 'redis://h', nodes: ['n'] }, /redis.nodes/],
  [{ url: `redis://:${SECRET}@h`, password: 'p' }, /redis.password.*in the url already/],
  [{ url: 'redis://u:p@h', username: 'u' }, /redis.username.*in the url already/],
  [{ url: 'redis://h', sentinelPassword: SECRET }, /redis.sentinelPassword.*one server/],
  [{ url: '/x', tls: true }, /redis.tls.*socket/],
  [{ url: 'rediss://h', tls: false }, /redis.tls.*rediss/],
  [{ host: 'h', timeoutMs: 0.5 }, /timeoutMs.*1 to 10000/],
  [{ host: 'h', timeoutMs: 10_001 }, /timeoutMs/],
  [{ host: 'h', timeoutMs: NaN }, /timeoutMs/],
  [{ host: 'h', timeoutMs: '50' }, /timeoutMs/],
  [{ host: 'h', reads: 'never' }, /redis\.reads.*'before-store', 'when-store-fails'/],
  [{ host: 'h', keyPrefix: '' }, /keyPrefix/],
  [{ host: 'h', keyPrefix: 'a{b' }, /braces/],
  [{ host: 'h', keyPrefix: 'a}' }, /braces/],
  [{ host: 'h', keyPrefix: 'a b' }, /white space/],
  [{ host: 'h', keyPrefix: '\ud800' }, /keyPrefix/],
  [{ host: 'h', keyPrefix: 'x'.repeat(65) }, /64/],
  [{ host: '' }, /redis.host/],
  [{ host: 'a/b' }, /redis.host/],
  [{ host: 7 }, /redis.host/],
  [{ host: 'h', port: '6379' }, /redis.port/],
  [{ host: 'h', port: 0 }, /redis.port/],
  [{ host: 'h', db: -1 }, /redis.db/],
  [{ host: 'h', db: 1.5 }, /redis.db/],
  [{ host: 'h', username: 'u' }, /redis.password.*missing/],
  [{ host: 'h', password: 7 }, /redis.password/],
  [{ host: 'h', tls: 'yes' }, /redis.tls/],
  [{ host: 'h', tls: [] }, /redis.tls/],
  [{ host: 'h', name: 'm' }, /redis.name.*one server/],
  [{ path: '' }, /redis.path/],
  [{ path: '/x', host: 'h' }, /redis.host.*socket/],
  [{ path: '/x', port: 1 }, /redis.port.*socket/],
  [{ sentinels: [] }, /redis.sentinels/],
  [{ sentinels: 'a' }, /redis.sentinels/],
  [{ sentinels: ['a'] }, /redis.name.*missing/],
  [{ sentinels: ['a:b'], name: 'm' }, /redis.sentinels/],
  [{ sentinels: [7], name: 'm' }, /redis.sentinels/],
  [{ sentinels: [{ host: 'a', prot: 1 }], name: 'm' }, /'prot': did you mean 'port'/],
  [{ sentinels: [{ port: 1 }], name: 'm' }, /redis.sentinels host/],
  [{ sentinels: ['a'], name: 'm/x' }, /redis.name/],
  [{ sentinels: ['a'], name: 'm', host: 'h' }, /redis.host.*Sentinels/],
  [{ sentinels: ['a'], name: 'm', nodes: ['n'] }, /redis.nodes.*Sentinels/],
  [{ nodes: ['n'], db: 1 }, /redis.db.*cluster/],
  [{ nodes: ['n'], name: 'm' }, /redis.name.*cluster/],
  [{ nodes: [{ host: 'n', port: 70_000 }] }, /redis.nodes port/],
  [{ client: {} }, /redis.client/],
  [{ client: new Redis({ lazyConnect: true }), url: 'redis://h' }, /redis.url.*client/],
  [{ client: new Redis({ lazyConnect: true }), password: SECRET }, /redis.password.*client/],
]

describe('A wrong option is ERR_CONFIG without a secret', () => {
  it.each(refused)('%o', (value, message) => {
    let thrown: unknown
    try {
      readRedisOptions(value)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(RevocadeError)
    expect(thrown).toMatchObject({ code: 'ERR_CONFIG', message: expect.stringMatching(message) as string })
    expect(String(thrown)).not.toContain(SECRET)
  })

  it('is reported before the store is opened', async () => {
    await expect(
      createRevocade({ store: '/nowhere/at/all.db', redis: { host: 'h', timeoutMs: 0 } }),
    ).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
