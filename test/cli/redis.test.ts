import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createRevocade, type Revocade, type RevocadeOptions } from 'revocade'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { jwt, ndjson, type Ran } from '../support/cli.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { sequence } from '../support/sequence.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

/** Long enough for a busy machine. */
const SOON = { timeout: 30_000 }

const dir = inProcess()
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})
beforeEach(async () => {
  await redis.command('FLUSHALL')
})

/**
 * A service on the same store. It hears of changes only if it is woken: by itself it would look once in
 * 20 minutes.
 */
async function service(options: RevocadeOptions = {}): Promise<Revocade> {
  const engine = await createRevocade({
    store: join(dir.path, 'revocade.db'),
    redis: redis.url,
    maxStalenessMs: 3_600_000,
    snapshot: false,
    ...options,
  })
  onTestFinished(() => engine.close())
  await expect.poll(() => engine.stats().redis?.wakeUps.listening, SOON).toBe(true)
  return engine
}

const REVOKE = ['revoke', '--jti', 'a', '--expires-in', '1h']
const NOTE = /^note: Redis does not have all of it yet\./

describe('what the command line changes', () => {
  it('reaches Redis, and wakes the services at once', async () => {
    const engine = await service()
    const claims = { jti: 'a', iat: 1 }
    expect(await engine.isRevoked(claims)).toBe(false)
    expect(await dir.run([...REVOKE, '--redis', redis.url])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /^revoked where jti=a until .* \(durable, seq 1, Redis: written\)\n$/,
      ) as string,
    })
    await expect.poll(() => engine.isRevoked(claims), SOON).toBe(true)
    const taken = await dir.run(['unrevoke', '--jti', 'a', '--redis', redis.url, '--json'])
    expect(JSON.parse(taken.stdout)).toMatchObject({ outcome: 'unrevoked', redis: 'written' })
    await expect.poll(() => engine.isRevoked(claims), SOON).toBe(false)
  })

  it('in bulk as well, and the sum of it says so', async () => {
    const engine = await service()
    const expiresAt = inSeconds(3600)
    const lines =
      `{"jti":"a","expiresAt":${expiresAt}}\n` + `{"where":{"tenant":"t"},"expiresAt":${expiresAt}}\n`
    const imported = await dir.run(['import', '--redis', redis.url, '--json'], { stdin: lines })
    expect(JSON.parse(imported.stdout)).toMatchObject({
      imported: 2,
      redis: 'written',
      addedClaims: [['tenant']],
    })
    await expect.poll(() => engine.isRevoked({ jti: 'a' }), SOON).toBe(true)
    const tokens = ['b', 'c'].map((jti) => `${jwt({ jti, exp: inSeconds(3600) })}\n`).join('')
    const env = { REVOCADE_REDIS_URL: redis.url }
    expect((await dir.run(['revoke', '-'], { stdin: tokens, env })).stdout).toMatch(
      /^revoked 2, .* Redis: written\)\n$/,
    )
    expect((await dir.run(['unrevoke', '-'], { stdin: tokens, env })).stdout).toBe(
      'unrevoked 2, not revoked before 0, invalid 0, Redis: written\n',
    )
  })

  it('goes to the Redis of REVOCADE_REDIS_URL, not to that of REDIS_URL; an empty one is none', async () => {
    expect((await dir.run(REVOKE, { env: { REVOCADE_REDIS_URL: redis.url } })).stdout).toContain(
      'Redis: written',
    )
    for (const env of [{ REVOCADE_REDIS_URL: '' }, { REDIS_URL: redis.url }]) {
      const ran = await dir.run(REVOKE, { env })
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      expect(ran.stdout).not.toContain('Redis')
    }
  })

  it('is asked of the store', async () => {
    await dir.run(REVOKE)
    expect(await dir.run(['check', '--claims-json', '{"jti":"a"}', '--redis', redis.url])).toMatchObject({
      code: 1,
      stderr: '',
      stdout: expect.stringMatching(/^revoked \(decided by: store\)/) as string,
    })
  })
})

describe('a Redis that is not there', () => {
  it('is no failure of a command, does not hold it up, and is told as it is', async () => {
    const own = await startRedis()
    await own.suspend(true)
    for (const url of ['redis://127.0.0.1:1', own.url]) {
      const begun = performance.now()
      // As a process, which a connection could keep alive.
      const ran = await dir.runProcess([...REVOKE, '--redis', url])
      expect(ran).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(NOTE) as string,
        stdout: expect.stringContaining('Redis: queued)') as string,
      })
      expect(performance.now() - begun).toBeLessThan(10_000)
    }
    const json = await dir.run([...REVOKE, '--redis', 'redis://127.0.0.1:1', '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ durable: true, redis: 'queued' })
    const imported = await dir.run(['import', '--redis', 'redis://127.0.0.1:1'], {
      stdin: `{"jti":"b","expiresAt":${inSeconds(3600)}}\n`,
    })
    expect(imported).toMatchObject({
      code: 0,
      stdout: 'imported 1, already expired 0, invalid 0, Redis: queued\n',
      stderr: expect.stringMatching(NOTE) as string,
    })
    expect(
      await dir.run(['check', '--claims-json', '{"jti":"b"}', '--redis', 'redis://127.0.0.1:1']),
    ).toMatchObject({ code: 1 })
  })

  it('does not keep stats from what the store says', async () => {
    await dir.run(REVOKE)
    const { code, stdout, stderr } = await dir.run(['stats', '--redis', 'redis://127.0.0.1:1'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^live tokens +0\nlive selectors on jti +1\n/)
    expect(stdout).toMatch(
      sequence(
        /\nredis +redis:\/\/127\.0\.0\.1:1\/0\n/,
        /state +unavailable: connect ECONNREFUSED 127\.0\.0\.1:1\nengines +0\n$/,
      ),
    )
  })
})

describe('a password', () => {
  const SECRET = 'hunter2'
  const said = ({ stdout, stderr }: Ran): string => stdout + stderr

  it('is never repeated, wherever it was typed', async () => {
    await dir.run(REVOKE)
    const url = `redis://app:${SECRET}@127.0.0.1:1`
    const mistyped: (readonly string[])[] = [
      [...REVOKE, '--redis', url],
      [...REVOKE, '--redis', url, '--json'],
      ['stats', '--redis', url],
      ['stats', '--redis', url, '--json'],
      ['watch', '--redis', url, '--once', '--interval', '100'],
      [...REVOKE, '--redis', `redis://app:${SECRET}@127.0.0.1:port`],
      [...REVOKE, '--redis', `redis://app:${SECRET}/x@127.0.0.1`],
      ['stats', '--redis', `redis://s1:1,s2:2/mymaster?sentinelPasword=${SECRET}`],
      [url],
      ['revoke', `--redi=${url}`],
      ['check', 'x', '--store', url],
      ['doctor', '--store', `${SECRET}@h`],
      ['stats', '--store', `app:${SECRET}@h`],
      ['list', '--store', `http://app:${SECRET}@h`],
      [...REVOKE, '--store', `redis:app:${SECRET}@h`],
      ['doctor', '--redis', `app:${SECRET}@h`],
      ['check', '--claims', url, '--jti', 'x'],
      ['check', '--id-claims', url, '--jti', 'x'],
      ['import', url],
      [...REVOKE, '--redis-prefix', url],
      ['doctor', '--secret-env', SECRET],
      ['watch', '--interval', `redis://s1,s2/m?sentinelPassword=${SECRET}`],
    ]
    for (const args of mistyped) {
      const ran = await dir.run([...args, '--verbose'])
      expect(said(ran), args.join(' ')).not.toContain(SECRET)
      expect(said(ran), args.join(' ')).not.toBe('')
    }
  })

  it('is used, and a wrong one is no failure of the command', async () => {
    const own = await startRedis({ args: ['--requirepass', SECRET] })
    const at = (password: string): string => own.url.replace('//', `//:${password}@`)
    expect((await dir.run([...REVOKE, '--redis', at(SECRET)])).stdout).toContain('Redis: written')
    const wrong = await dir.run([...REVOKE, '--redis', at('wrong-one')])
    expect(wrong).toMatchObject({ code: 0, stdout: expect.stringContaining('Redis: queued') as string })
    expect(said(wrong)).not.toContain('wrong-one')
    const stats = await dir.run(['stats', '--redis', at('wrong-one')])
    expect(stats).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\nstate +unavailable: .*WRONGPASS/) as string,
    })
    expect(said(stats)).not.toContain('wrong-one')
  })
})

describe('a URL that is none', () => {
  it.each([['revoke', ...REVOKE.slice(1)], ['stats'], ['watch']])(
    'is refused by %s before anything is done',
    async (...args) => {
      const ran = await dir.run([...args, '--redis', 'http://localhost'])
      expect(ran).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(
          /^ERR_CONFIG: option 'redis' is a URL that must have one of these forms: redis:\/\/\[user/,
        ) as string,
      })
      expect(readdirSync(dir.path)).toEqual([])
    },
  )
})

describe('a variable with a value that can’t be used', () => {
  it.each([
    [{ REVOCADE_REDIS_URL: 'http://h' }, "option 'redis' (REVOCADE_REDIS_URL) is a URL that must have"],
    [
      { REVOCADE_REDIS_URL: 'redis://h', REVOCADE_REDIS_PREFIX: '{' },
      "'redis.keyPrefix' (REVOCADE_REDIS_PREFIX)",
    ],
    [{ REVOCADE_STORE: 'mysql://h/db' }, "option 'store' (REVOCADE_STORE) can't be this URL"],
    [{ REVOCADE_SECRET: 'short' }, "option 'secret' (REVOCADE_SECRET) needs at least 16 bytes and has 5"],
  ])('is refused by its name: %j', async (env, message) => {
    const ran = await dir.run(REVOKE, { env })
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`ERR_CONFIG: `) as string })
    expect(ran.stderr).toContain(message)
  })

  it('is not blamed for the value of a flag', async () => {
    const env = { REVOCADE_STORE: 'a.db', REVOCADE_REDIS_URL: 'redis://h' }
    const ran = await dir.run([...REVOKE, '--redis', 'http://h'], { env })
    expect(ran.stderr).toMatch(/^ERR_CONFIG: option 'redis' is a URL/)
  })
})

describe('stats --redis', () => {
  interface Report {
    redis: {
      state: string
      reached: number
      keys: unknown
      health: { role: string }
      engines: { engine: string; decided: Record<string, number> }[]
      total: { decided: Record<string, number>; queued: number }
    }
  }

  it('tells the figures of all engines of the namespace, their sum, the keys and the server', async () => {
    const [first, second] = [await service(), await service()]
    await service({ namespace: 'other' })
    await first.revoke({ jti: 'a', exp: inSeconds(3600) })
    for (let i = 0; i < 5; i++) await first.isRevoked({ jti: `b${i}` })
    await first.isRevoked({ jti: 'a' })
    await second.isRevoked({ jti: 'b' })
    await expect.poll(() => second.stats().redis?.complete, SOON).toBe(true)

    const { redis: report } = JSON.parse(
      (await dir.run(['stats', '--redis', redis.url, '--json'])).stdout,
    ) as Report
    expect(report).toMatchObject({
      state: 'ready',
      reached: 2,
      keys: { buckets: 1, lookedAt: 1, present: 1, current: 1 },
      health: { role: 'master' },
    })
    expect(report.engines.map(({ decided }) => decided.prefilter).sort()).toEqual([1, 5])
    expect(report.total).toMatchObject({ decided: { prefilter: 6, store: 1 }, queued: 0 })

    const { code, stdout, stderr } = await dir.run(['stats', '--redis', redis.url])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const line of [
      /^live tokens +1$/m,
      /^redis +redis:\/\/127\.0\.0\.1:\d+\/0$/m,
      /^state +ready, \d.* ms there and back$/m,
      /^server +redis \S+, standalone, master$/m,
      /^buckets +1, all up to date$/m,
      /^memory of buckets +\d.* (?:B|KiB)$/m,
      /^engines +2$/m,
      /^engine +checks +prefilter +cache +redis +store +policy$/m,
      /^total +7 +85\.71 % +0 % +0 % +14\.29 % +0 %$/m,
      /^engine +lease +prefilter +false \+ +redis +queued +buckets$/m,
      /^total +0 +0$/m,
    ])
      expect(stdout).toMatch(line)
    for (const { engine } of report.engines) {
      expect(stdout).toMatch(new RegExp(`^${engine} +\\d.* ms +bloom, 1 +\\S+ +ready +0 +complete$`, 'm'))
    }
    expect(ndjson((await dir.run(['stats', '--json'])).stdout)[0]).not.toHaveProperty('redis')
  })

  it('finds services that have named their keys otherwise, as revoke does', async () => {
    const engine = await service({ redis: { url: redis.url, keyPrefix: 'acme' } })
    const [url, prefix] = [
      ['--redis', redis.url],
      ['--redis-prefix', 'acme'],
    ]
    await dir.run([...REVOKE, ...url, ...prefix])
    await expect.poll(() => engine.isRevoked({ jti: 'a' }), SOON).toBe(true)
    const reached = async (args: readonly string[], env = {}) =>
      (JSON.parse((await dir.run(['stats', ...url, ...args, '--json'], { env })).stdout) as Report).redis
        .reached
    expect(await reached(prefix)).toBe(1)
    expect(await reached([], { REVOCADE_REDIS_PREFIX: 'acme' })).toBe(1)
    expect(await reached([])).toBe(0)
    expect(await redis.command('KEYS', 'revocade*')).toEqual([])
  })

  it('finds no engine where none is running, and none of the command line itself', async () => {
    await dir.run([...REVOKE, '--redis', redis.url])
    const { redis: report } = JSON.parse(
      (await dir.run(['stats', '--redis', redis.url, '--json'])).stdout,
    ) as Report
    expect(report).toMatchObject({ state: 'ready', reached: 0, engines: [] })
  })
})
