import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RevocadeError } from '#dist/errors.js'
import { type RedisTarget, targetOf } from '#dist/redis/connection/endpoint.js'
import { parseRedisUrl } from '#dist/redis/connection/url.js'

const targetOfUrl = (url: string): RedisTarget => targetOf(parseRedisUrl(url))

const single = {
  kind: 'single',
  host: 'localhost',
  port: 6379,
  db: 0,
  username: undefined,
  password: undefined,
  tls: undefined,
}
const [s1, s2] = [
  { host: 's1', port: 26_379 },
  { host: 's2', port: 26_380 },
]
const sentinel = {
  kind: 'sentinel',
  sentinels: [s1, s2],
  name: 'mymaster',
  db: 0,
  username: undefined,
  password: undefined,
  sentinelPassword: undefined,
  tls: undefined,
}
const nodes = [
  { host: 'n1', port: 6379 },
  { host: 'n2', port: 7000 },
  { host: 'n3', port: 6379 },
]
const cluster = { kind: 'cluster', nodes, username: undefined, password: undefined, tls: undefined }
const socket = { kind: 'socket', path: '/run/redis.sock', db: 0, username: undefined, password: undefined }

describe('A URL of one server', () => {
  it.each([
    ['redis://localhost', single, 'redis://localhost:6379/0'],
    ['redis://localhost/', single, 'redis://localhost:6379/0'],
    ['REDIS://localhost:6379', single, 'redis://localhost:6379/0'],
    [
      'redis://cache_1.internal-2:6380/15',
      { ...single, host: 'cache_1.internal-2', port: 6380, db: 15 },
      'redis://cache_1.internal-2:6380/15',
    ],
    ['redis://10.0.0.7:1', { ...single, host: '10.0.0.7', port: 1 }, 'redis://10.0.0.7:1/0'],
    ['redis://[::1]', { ...single, host: '::1' }, 'redis://[::1]:6379/0'],
    [
      'redis://[2001:db8::2]:7000/3',
      { ...single, host: '2001:db8::2', port: 7000, db: 3 },
      'redis://[2001:db8::2]:7000/3',
    ],
    ['redis://[fe80::1%25eth0]', { ...single, host: 'fe80::1%eth0' }, 'redis://[fe80::1%eth0]:6379/0'],
    ['redis://:secret@localhost', { ...single, password: 'secret' }, 'redis://localhost:6379/0'],
    [
      'redis://app:secret@localhost:6380/2',
      { ...single, port: 6380, db: 2, username: 'app', password: 'secret' },
      'redis://localhost:6380/2',
    ],
    [
      'redis://a%40b:p%3A%2F%3F%23%40%25%C3%A4@localhost',
      { ...single, username: 'a@b', password: 'p:/?#@%ä' },
      'redis://localhost:6379/0',
    ],
    ['redis://:a:b@c@localhost', { ...single, password: 'a:b@c' }, 'redis://localhost:6379/0'],
    ['redis://:1+1=2&x@localhost', { ...single, password: '1+1=2&x' }, 'redis://localhost:6379/0'],
    [
      'redis://nopass:@localhost',
      { ...single, username: 'nopass', password: '' },
      'redis://localhost:6379/0',
    ],
    [
      'rediss://cache.example:6390/1',
      { ...single, host: 'cache.example', port: 6390, db: 1, tls: {} },
      'rediss://cache.example:6390/1',
    ],
  ])('%s', (url, expected, description) => {
    expect(targetOfUrl(url)).toEqual({ ...expected, description })
  })
})

describe('A URL of Sentinels', () => {
  it.each([
    ['redis://s1:26379,s2:26380/mymaster', sentinel, 'redis://s1:26379,s2:26380/mymaster'],
    ['redis://s1,s2:26380/mymaster/', sentinel, 'redis://s1:26379,s2:26380/mymaster'],
    ['redis://s1,s2:26380/mymaster/4', { ...sentinel, db: 4 }, 'redis://s1:26379,s2:26380/mymaster/4'],
    [
      'rediss://app:pw@s1,s2:26380/my-master.1',
      { ...sentinel, name: 'my-master.1', username: 'app', password: 'pw', tls: {} },
      'rediss://s1:26379,s2:26380/my-master.1',
    ],
    [
      'redis://s1,s2:26380/mymaster?sentinelPassword=a%26b+c',
      { ...sentinel, sentinelPassword: 'a&b+c' },
      'redis://s1:26379,s2:26380/mymaster',
    ],
    [
      'redis://[::1],[::2]:5/m',
      {
        ...sentinel,
        sentinels: [
          { host: '::1', port: 26_379 },
          { host: '::2', port: 5 },
        ],
        name: 'm',
      },
      'redis://[::1]:26379,[::2]:5/m',
    ],
  ])('%s', (url, expected, description) => {
    expect(targetOfUrl(url)).toEqual({ ...expected, description })
  })
})

describe('A URL of a cluster', () => {
  it.each([
    ['redis://n1:6379,n2:7000,n3:6379', cluster, 'redis://n1:6379,n2:7000,n3:6379'],
    ['redis://n1,n2:7000,n3/', cluster, 'redis://n1:6379,n2:7000,n3:6379'],
    [
      'rediss://:pw@n1,n2:7000,n3',
      { ...cluster, password: 'pw', tls: {} },
      'rediss://n1:6379,n2:7000,n3:6379',
    ],
  ])('%s', (url, expected, description) => {
    expect(targetOfUrl(url)).toEqual({ ...expected, description })
  })
})

describe('A URL of a socket', () => {
  it.each([
    ['/run/redis.sock', socket, 'unix:///run/redis.sock'],
    ['unix:///run/redis.sock', socket, 'unix:///run/redis.sock'],
    ['redis+unix:///run/redis.sock', socket, 'unix:///run/redis.sock'],
    ['redis+socket:///run/redis.sock?db=0', socket, 'unix:///run/redis.sock'],
    ['unix:///run/redis.sock?db=1', { ...socket, db: 1 }, 'unix:///run/redis.sock?db=1'],
    [
      'unix://app:pw@/run/my%20redis.sock',
      { ...socket, path: '/run/my redis.sock', username: 'app', password: 'pw' },
      'unix:///run/my redis.sock',
    ],
  ])('%s', (url, expected, description) => {
    expect(targetOfUrl(url)).toEqual({ ...expected, description })
  })
})

/** The error message for a wrong URL. */
function refusalOf(url: string): string {
  try {
    const target = targetOfUrl(url)
    throw new Error(`taken as ${JSON.stringify(target)}`)
  } catch (error) {
    if (!(error instanceof RevocadeError)) throw error
    expect(error.code).toBe('ERR_CONFIG')
    expect(error.cause).toBeUndefined()
    return error.message
  }
}

const FORM = /must have one of these forms/
const PLACE = /has a host or port that can't be/
const NUMBER = /must have a database number/
const PARAMETER = /parameter that does not go with this form of URL(?:, which takes |$)/
const refused: [string, RegExp][] = [
  ['', FORM],
  ['localhost', FORM],
  ['localhost:6379', FORM],
  ['http://localhost', FORM],
  ['redis:localhost', FORM],
  ['redis:/localhost', FORM],
  ['rediss+unix:///x', FORM],
  ['./redis.sock', FORM],
  ['redis://localhost#1', FORM],
  ['redis://h/0#hunter2', FORM],
  ['redis://', PLACE],
  ['redis:///1', PLACE],
  ['redis://:6379', PLACE],
  ['redis://h:', PLACE],
  ['redis://h:0', PLACE],
  ['redis://h:65536', PLACE],
  ['redis://h:x', PLACE],
  ['redis://h:1:2', PLACE],
  ['redis://::1', PLACE],
  ['redis://[::1', PLACE],
  ['redis://[localhost]', PLACE],
  ['redis://[::g]', PLACE],
  ['redis://h!', PLACE],
  ['redis://a,,b', PLACE],
  ['redis://a,b,', PLACE],
  ['redis://a,b:x/m', PLACE],
  ['redis://user:hunter2/x@h', PLACE],
  ['redis://user:12/hunter2@h', NUMBER],
  ['redis://:hunter2/x@h', PLACE],
  ['redis://:hunter2?x@h', PLACE],
  ['redis://:hunter2#x@h', FORM],
  ['redis://h/x', NUMBER],
  ['redis://h/-1', NUMBER],
  ['redis://h/1.5', NUMBER],
  ['redis://h/100000', NUMBER],
  ['redis://h/1/2', /more than a database/],
  ['redis://a,b/m/x', NUMBER],
  ['redis://a,b/0', /several hosts and a number/],
  ['redis://a,b/m/0/1', /name of the master/],
  ['redis://a,b/my%20m', /name of the master/],
  ['redis://hunter2@h', /user:password@/],
  ['redis://@h', /user:password@/],
  ['redis://:@h', /neither user nor password/],
  ['redis://:%zz@h', /hexadecimal/],
  ['redis://:%ff@h', /hexadecimal/],
  ['redis://a,b/m?sentinelPassword=%', /hexadecimal/],
  ['redis://h?db=1', PARAMETER],
  ['redis://h/1?password=hunter2', PARAMETER],
  ['redis://a,b?db=1', PARAMETER],
  ['redis://a,b/m?sentinelpassword=hunter2', PARAMETER],
  ['redis://a,b/m?sentinelPassword', PARAMETER],
  ['redis://a,b/m?sentinelPassword=hunter2&sentinelPassword=hunter2', /twice/],
  ['redis://h ', /white space/],
  ['redis://:hunter 2@h', /white space/],
  ['redis://h\n', /white space/],
  ['unix://run/redis.sock', /three slashes/],
  ['unix://', /no path/],
  ['unix:///', /no path/],
  ['unix:///a%00b', /no path/],
  ['unix:///a?db=x', NUMBER],
  ['unix:///a?password=hunter2', PARAMETER],
  ['/run/redis.sock?db=1', /unix:\/\/\/run/],
]

describe('A wrong URL is ERR_CONFIG', () => {
  it.each(refused)('%j', (url, message) => {
    expect(refusalOf(url)).toMatch(message)
  })

  it('whose message never holds the password', () => {
    for (const [url] of refused) expect(refusalOf(url)).not.toContain('hunter2')
    const secret = 'hUnTeR2-qZx'
    const piece = fc.constantFrom(
      'redis',
      'rediss',
      'unix',
      ':',
      '//',
      '/',
      '@',
      '?',
      '#',
      ',',
      '[',
      ']',
      '%',
      '=',
      '&',
      'h',
      '1',
      ' ',
      'db',
      'sentinelPassword',
      secret,
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        (url) => {
          try {
            targetOfUrl(url)
          } catch (error) {
            expect(error).toBeInstanceOf(RevocadeError)
            expect(String(error)).not.toContain(secret)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('A target', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/)
  const address = fc.record({
    host: fc.oneof(name, fc.ipV4(), fc.ipV6()),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  const write = ({ host, port }: { host: string; port: number }): string =>
    `${host.includes(':') ? `[${host}]` : host}:${port}`

  it('has the parts of its URL, and a description without the login', () => {
    const login = fc.record({
      username: fc.string({ minLength: 1, unit: 'grapheme' }),
      password: fc.string({ minLength: 1, unit: 'grapheme' }),
    })
    fc.assert(
      fc.property(
        address,
        login,
        fc.nat(99),
        fc.boolean(),
        ({ host, port }, { username, password }, db, tls) => {
          const at = `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`
          const rest = `${write({ host, port })}/${db}`
          const scheme = tls ? 'rediss://' : 'redis://'
          expect(targetOfUrl(scheme + at + rest)).toEqual({
            kind: 'single',
            host,
            port,
            db,
            username,
            password,
            tls: tls ? {} : undefined,
            description: scheme + rest,
          })
        },
      ),
    )
  })

  it('has a description that gives the same target', () => {
    const url = fc.oneof(
      address.map((one) => `redis://${write(one)}/7`),
      fc
        .array(address, { minLength: 2, maxLength: 4 })
        .map((many) => `rediss://${many.map(write).join(',')}`),
      fc
        .tuple(fc.array(address, { minLength: 2, maxLength: 4 }), name)
        .map(([many, group]) => `redis://${many.map(write).join(',')}/${group}`),
      name.map((file) => `unix:///${file}?db=2`),
    )
    fc.assert(
      fc.property(url, (text) => {
        expect(targetOfUrl(text).description).toBe(text)
      }),
    )
  })

  it('is frozen', () => {
    const target = targetOfUrl('redis://a,b')
    expect(Object.isFrozen(target)).toBe(true)
    expect(
      target.kind === 'cluster' && Object.isFrozen(target.nodes) && target.nodes.every(Object.isFrozen),
    ).toBe(true)
  })
})
