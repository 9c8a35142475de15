import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { createRevocade } from 'revocade'
import { beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { readRedisKeys } from '#dist/cli/import/redis-keys.js'
import { jwt, ndjson } from '../support/cli.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
let redis: RedisServer
let client: Redis
beforeAll(async () => {
  redis = await startRedis()
  client = redis.client()
  return redis.stop
})
beforeEach(async () => {
  await client.flushall()
})

const PATTERN = 'blacklist:*'
const blacklist = (held: string, seconds = 3600) => client.setex(`blacklist:${held}`, seconds, '1')
/** Runs the import, with its summary. */
async function importKeys(...args: string[]) {
  const ran = await dir.run(['import', '--from-redis', PATTERN, '--from-url', redis.url, '--json', ...args])
  return { ...ran, summary: JSON.parse(ran.stdout || '{}') as Record<string, unknown> }
}
/** Which of some tokens are revoked, as a service sees it that has the token itself. */
async function revokedOf(tokens: readonly string[]): Promise<boolean[]> {
  const { stdout } = await dir.run(['check', '-', '--json'], { stdin: tokens.join('\n') })
  return ndjson(stdout).map((verdict) => (verdict as { status: string }).status === 'revoked')
}
const stored = async () => ndjson((await dir.run(['list', '--json'])).stdout) as { expiresAt: string }[]
const sha256 = (text: string) => createHash('sha256').update(text).digest()

describe('import --from-redis', () => {
  it('revokes the JWTs of a hand-made blacklist, for as long as they or their keys last', async () => {
    const exp = inSeconds(7200)
    const [named, unnamed, longer, forEver] = [
      jwt({ jti: 'a', iss: 'i', exp: inSeconds(60) }),
      jwt({ sub: 'u' }),
      jwt({ jti: 'longer', exp }),
      jwt({ jti: 'for ever', exp }),
    ]
    await blacklist(named)
    await blacklist(unnamed)
    await blacklist(`Bearer ${longer}`, 60)
    await client.set(`blacklist:${forEver}`, '1')
    await client.setex('session:x', 60, '1')
    const { code, summary, stderr } = await importKeys()
    expect({ code, summary }).toEqual({
      code: 0,
      summary: {
        ...{ keys: 4, imported: 4, already: 0, expired: 0, gone: 0, invalid: 0, asBoth: 0 },
        ...{ redis: 'off', problems: [], dryRun: false },
      },
    })
    expect(stderr).toContain('1 of the JWTs has no id (jti)')
    const good = jwt({ jti: 'b', iss: 'i', exp })
    expect(await revokedOf([named, unnamed, longer, forEver, good])).toEqual([true, true, true, true, false])
    // Its key would have made it good again after a minute.
    const ends = (await stored()).map(({ expiresAt }) => Date.parse(expiresAt) / 1000).sort()
    expect(ends.slice(2)).toEqual([exp, exp])
    expect(ends[0]).toBeGreaterThan(inSeconds(3000))
  })

  it('names nobody’s token: not in its output, not in the store', async () => {
    const tokens = [
      jwt({ jti: 'a' }),
      jwt({ sub: 'u' }),
      'opaque-token-of-somebody',
      `${jwt({ jti: 'c' })}.x.y`,
      `JWT ${jwt({ jti: 'd' })}`,
      `user1:${jwt({ jti: 'e' })}`,
      encodeURIComponent(`Bearer ${jwt({ jti: 'f' })}`),
    ]
    for (const token of tokens) await blacklist(token)
    await client.set('blacklist:opaque-without-ttl', '1')
    for (const args of [[], ['--keys-hold', 'token'], ['--keys-hold', 'jti'], ['--strict'], ['--dry-run']]) {
      const { stdout, stderr } = await importKeys(...args)
      for (const text of [stdout, stderr])
        expect(text).not.toMatch(/eyJ|opaque-token|opaque-without|signature/)
    }
    for (const name of readdirSync(dir.path)) {
      const bytes = readFileSync(join(dir.path, name), 'latin1')
      // The ids are claim values, which a store holds. `--keys-hold jti` took the opaque ones for ids.
      for (const [token] of tokens.join('\n').matchAll(/ey.+/g)) expect(bytes).not.toContain(token)
    }
  })

  it.each(['TYPE', 'PTTL'])('quotes no key when a server refuses %s', async (command) => {
    const without = await startRedis({ args: ['--rename-command', command, ''] })
    const token = 'b7f3c0de-opaque-bearer-token'
    await without.client().setex(`blacklist:${token}`, 60, '1')
    const args = ['import', '--from-redis', PATTERN, '--from-url', without.url, '--keys-hold', 'token']
    for (const how of [[], ['--json'], ['--verbose']]) {
      const { code, stdout, stderr } = await dir.run([...args, ...how])
      expect(code).not.toBe(0)
      expect(stderr).toContain(`the server answers ${command} with ERR`)
      expect(stdout + stderr).not.toContain('bearer-token')
    }
  })

  it('counts what it can not name by the reason, and says what to do', async () => {
    const held = [
      ['3f0b2c1a-9a0e-4f7d-8a6c-0d5f1e2b3c4d', 'a UUID: see --keys-hold jti'],
      [sha256('x').toString('hex'), 'perhaps a hash: see --keys-hold sha256'],
      ['opaque', 'no JWT: see --keys-hold'],
      [`${jwt({ jti: 'x' })}.more.parts`, 'five|5 segments'],
      ['eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaa.bbbb.cccc', 'an encrypted token'],
      ['', 'nothing in the place of the star'],
    ] as const
    for (const [text] of held) await blacklist(text)
    await blacklist('another-opaque')
    await client.set(`blacklist:${jwt({ jti: 'no end' })}`, '1')
    await client.set(`blacklist:${jwt({ jti: 'never', exp: 0 })}`, '1')
    await client.sadd('blacklist:tokens', jwt({ jti: 'a member' }))
    await client.setex(Buffer.from('blacklist:\xff\xfe', 'latin1'), 60, '1')
    const { code, summary } = await importKeys()
    // None could be used.
    expect(code).toBe(2)
    expect(summary).toMatchObject({ keys: 11, imported: 0, invalid: 11 })
    const problems = summary.problems as { count: number; code: string; message: string }[]
    for (const [, problem] of held)
      expect(problems.map(({ message }) => message)).toContainEqual(expect.stringMatching(problem))
    expect(problems).toContainEqual({
      count: 2,
      code: 'ERR_NO_EXPIRY',
      message: 'the key has no TTL, and its JWT no exp',
    })
    expect(problems.find(({ message }) => message.includes('no JWT: see'))?.count).toBe(2)
    expect(problems.map(({ message }) => message)).toContainEqual(expect.stringContaining('of the type set'))
    expect(problems.map(({ message }) => message)).toContainEqual(expect.stringContaining('not UTF-8'))

    await blacklist(jwt({ jti: 'good' }))
    const ran = await dir.run(['import', '--from-redis', PATTERN, '--redis', redis.url, '--no-progress'])
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^imported 1, already expired 0, gone 0, invalid 11, Redis: written\n$/,
      ) as string,
      stderr: expect.stringMatching(
        /^2 keys: ERR_NO_EXPIRY: the key has no TTL, and its JWT no exp$/m,
      ) as string,
    })
    const strict = await importKeys('--strict')
    expect(strict).toMatchObject({ code: 2, stdout: '' })
    expect(strict.stderr).toContain('"code":"ERR_BAD_KEY"')
  })

  it('takes opaque tokens with --keys-hold token', async () => {
    const opaque = 'b7f3c0de-opaque'
    await blacklist(opaque)
    await blacklist(jwt({ jti: 'a' }))
    await blacklist('eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9')
    const { summary } = await importKeys('--keys-hold', 'token')
    expect(summary).toMatchObject({ imported: 2, invalid: 1, problems: [{ message: /a part of a JWT/ }] })
    expect(await revokedOf([opaque, jwt({ jti: 'a' }), 'another'])).toEqual([true, true, false])
  })

  it('takes ids with --keys-hold jti, of any issuer or of one', async () => {
    const tokens = [
      jwt({ jti: 'a', iss: 'i' }),
      jwt({ jti: 'a' }),
      jwt({ jti: 'a', iss: 'j' }),
      jwt({ jti: 'b' }),
    ]
    await blacklist('a')
    await blacklist(jwt({ jti: 'whole' }))
    const one = await importKeys('--keys-hold', 'jti', '--iss', 'i')
    expect(one.summary).toMatchObject({ imported: 1, problems: [{ message: /leave out --keys-hold jti/ }] })
    expect(await revokedOf(tokens)).toEqual([true, false, false, false])
    const { stderr } = await importKeys('--keys-hold', 'jti', '--id-claims', 'uti')
    expect(stderr).toContain("have 'jti' in 'idClaims'")
    expect(await revokedOf(tokens)).toEqual([true, true, true, false])
  })

  it('takes an id of an issuer for a text and for a number, where it may be either', async () => {
    const ids = [42, '42', -7, '042', 43]
    const tokens = [...ids.map((jti) => jwt({ jti, iss: 'i' })), jwt({ jti: 42, iss: 'j' })]
    for (const held of ['42', '-7', '042', 'a']) await blacklist(held)
    const args = ['--keys-hold', 'jti', '--iss', 'i'] as const
    const counts = { keys: 4, imported: 6, asBoth: 2, invalid: 0 }
    expect((await importKeys(...args, '--dry-run')).summary).toMatchObject(counts)
    const { summary, stderr } = await importKeys(...args)
    expect(summary).toMatchObject(counts)
    expect(stderr).toContain('2 ids are whole numbers')
    expect(await revokedOf(tokens)).toEqual([true, true, true, true, false, false])
    expect((await importKeys(...args)).summary).toMatchObject({ imported: 6, already: 6 })
  })

  it('takes hashes of opaque tokens with --keys-hold sha256', async () => {
    await blacklist(sha256('hex').toString('hex').toUpperCase())
    await blacklist(sha256('base64').toString('base64'))
    await blacklist(sha256('base64url').toString('base64url'))
    await blacklist('no hash')
    await client.set(`blacklist:${sha256('for ever').toString('hex')}`, '1')
    const { summary, stderr } = await importKeys('--keys-hold', 'sha256')
    expect(summary).toMatchObject({ imported: 3, invalid: 2 })
    expect(stderr).toContain('right for opaque tokens')
    expect(await revokedOf(['hex', 'base64', 'base64url', 'for ever'])).toEqual([true, true, true, false])
  })

  it('--dry-run says the same, and writes nothing', async () => {
    for (const held of [jwt({ jti: 'a' }), jwt({ jti: 'b' }), 'opaque', 'x'.repeat(17_000)])
      await blacklist(held)
    await client.set(`blacklist:${jwt({ jti: 'old', exp: 1 })}`, '1')
    const dry = await importKeys('--dry-run')
    expect(dry).toMatchObject({
      code: 0,
      summary: { keys: 5, imported: 2, expired: 1, invalid: 2, dryRun: true },
    })
    expect(existsSync(join(dir.path, 'revocade.db'))).toBe(false)
    const { summary } = await importKeys()
    expect({ ...summary, dryRun: true }).toEqual(dry.summary)
    const ids = await importKeys('--dry-run', '--keys-hold', 'jti', '--id-claims', 'uti')
    expect(ids.summary).toMatchObject({ imported: 1, invalid: 4 })
    const text = await dir.run(['import', '--from-redis', PATTERN, '--from-url', redis.url, '--dry-run'])
    expect(text.stdout).toMatch(/^would import 2, already expired 1, gone 0, invalid 2\n$/)
    expect((await importKeys('--dry-run', '--strict')).stderr).toContain('ERR_BAD_KEY')
  })

  it('leaves nothing to do for the next run', async () => {
    for (let i = 0; i < 50; i++) await blacklist(jwt({ jti: `id-${i}` }))
    expect((await importKeys()).summary).toMatchObject({ imported: 50, already: 0 })
    expect((await importKeys()).summary).toMatchObject({ imported: 50, already: 50 })
    const { stdout } = await dir.run(['import', '--from-redis', PATTERN, '--from-url', redis.url])
    expect(stdout).toMatch(/^imported 50 \(50 of them known\), /)
  })

  it.each([
    [[PATTERN], 'needs the URL'],
    [['--store', 'x'], "needs a pattern, such as 'blacklist:*'"],
    [['blacklist', '--from-url', 'redis://x'], 'one star'],
    [['a*b*', '--from-url', 'redis://x'], 'one star'],
    [['a?*', '--from-url', 'redis://x'], 'one star'],
    [['*', '--from-url', 'redis://x', '--keys-hold', 'token'], 'every key of the server'],
    [[PATTERN, '--from-url', 'redis://x', '--iss', 'i'], "'--keys-hold jti' only"],
    [[PATTERN, '--from-url', 'redis://x', '--format', 'csv'], '--format goes with a file only'],
    [[PATTERN, '--from-url', 'redis://x', '--any-issuer'], '--any-issuer goes with a file only'],
    [[PATTERN, '--from-url', 'redis://x', '--keys-hold', 'jtis'], 'jwt, token, jti, sha256'],
    [
      [PATTERN, '--from-url', 'http://user:secret-word@x'],
      'ERR_CONFIG: --from-url (REVOCADE_FROM_URL) is a URL that must have one of these forms',
    ],
    [[PATTERN, '--redis', 'http://x'], 'ERR_CONFIG: --redis (REVOCADE_REDIS_URL) is a URL that'],
    [[PATTERN, 'file.csv', '--from-url', 'redis://x'], 'not both'],
  ])('refuses %j', async (args, problem) => {
    const ran = await dir.run(['import', '--from-redis', ...args])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(problem)
    expect(ran.stderr).not.toContain('secret-word')
    expect(readdirSync(dir.path)).toEqual([])
  })

  it.each(['--keys-hold=jti', '--iss=i', '--dry-run', '--from-url=redis://x'])(
    'refuses %s with a file',
    async (flag) => {
      expect((await dir.run(['import', flag])).stderr).toMatch(/goes with --from-redis only/)
    },
  )

  it('says that no key matches', async () => {
    const ran = await dir.run(['import', '--from-redis', 'no-such-list:*', '--from-url', redis.url])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain("no key matches 'no-such-list:*'")
  })

  it('says why a server can not be read, and makes no store', async () => {
    const gone = await dir.run(['import', '--from-redis', PATTERN, '--from-url', 'redis://127.0.0.1:1'])
    expect(gone).toMatchObject({ code: 2, stdout: '' })
    expect(gone.stderr).toMatch(
      /ERR_UNAVAILABLE: the keys of redis:\/\/127.0.0.1:1.* can't be read.*ECONNREFUSED/,
    )
    await redis.command('ACL', 'SETUSER', 'limited', 'on', '>pw', '~*', '+@all', '-scan')
    const url = redis.url.replace('//', '//limited:pw@')
    const refused = await dir.run(['import', '--from-redis', PATTERN, '--from-url', url])
    expect(refused.stderr).toMatch(/ERR_UNAVAILABLE: .*NOPERM/)
    expect(refused.stderr).not.toContain('limited:pw')
    expect(existsSync(join(dir.path, 'revocade.db'))).toBe(false)
  })
})

describe('keys that come and go while they are read', () => {
  /** Reads all keys, with something done after the first page. */
  async function readWith(meanwhile: () => Promise<unknown>): Promise<Set<string>> {
    const names = new Set<string>()
    let pages = 0
    for await (const keys of readRedisKeys(redis.url, 'k:*')) {
      for (const { name } of keys) names.add(name.toString())
      if (pages++ === 0) await meanwhile()
    }
    expect(pages).toBeGreaterThan(2)
    return names
  }
  const fill = async (from: number, to: number) => {
    const pipeline = client.pipeline()
    for (let i = from; i < to; i++) pipeline.setex(`k:${i}`, 3600, '1')
    await pipeline.exec()
  }

  it('do not hide a key that is there all the time, also while the table grows and shrinks', async () => {
    await fill(0, 4000)
    const grown = await readWith(() => fill(4000, 40_000))
    expect(Array.from({ length: 4000 }, (_, i) => `k:${i}`).filter((name) => !grown.has(name))).toEqual([])
    const shrunk = await readWith(async () => {
      for (let from = 4000; from < 40_000; from += 4000)
        await client.del(Array.from({ length: 4000 }, (_, i) => `k:${from + i}`))
    })
    expect(Array.from({ length: 4000 }, (_, i) => `k:${i}`).filter((name) => !shrunk.has(name))).toEqual([])
  })

  it('are known as gone if they are removed before their TTL is read', async () => {
    await fill(0, 1000)
    const types = new Set<string>()
    for await (const keys of readRedisKeys(redis.url, 'k:*')) {
      for (const { type } of keys) types.add(type)
      await client.flushall()
    }
    expect([...types]).toEqual(['string', 'none'])
  })

  it('are all revoked after one run, if services write to both sides before it begins', async () => {
    const tokens = Array.from({ length: 3000 }, (_, i) => jwt({ jti: `old-${i}` }))
    await Promise.all(tokens.map((token) => blacklist(token)))
    const engine = await createRevocade({ store: join(dir.path, 'revocade.db'), snapshot: false })
    onTestFinished(() => engine.close())
    const services = { write: true }
    const writing = (async () => {
      for (let i = 0; services.write; i++) {
        const token = jwt({ jti: `new-${i}`, exp: inSeconds(3600) })
        tokens.push(token)
        await Promise.all([engine.revoke(token), blacklist(token)])
      }
    })()
    const { code } = await importKeys()
    services.write = false
    await writing
    expect(code).toBe(0)
    expect((await revokedOf(tokens)).filter((revoked) => !revoked)).toEqual([])
  })

  it('are all revoked after a second run, if it begins once nobody writes to the old side', async () => {
    const tokens = Array.from({ length: 3000 }, (_, i) => jwt({ jti: `old-${i}` }))
    await Promise.all(tokens.map((token) => blacklist(token)))
    const services = { write: true }
    const writing = (async () => {
      for (let i = 0; services.write; i++) {
        const token = jwt({ jti: `new-${i}` })
        tokens.push(token)
        await blacklist(token)
      }
    })()
    await importKeys()
    services.write = false
    await writing
    const { summary } = await importKeys()
    expect(summary.imported).toBeGreaterThanOrEqual(tokens.length)
    expect((await revokedOf(tokens)).filter((revoked) => !revoked)).toEqual([])
    expect((await importKeys()).summary).toMatchObject({ already: summary.imported })
  })

  it('end the import if the connection was lost, because a cursor is bound to its server', async () => {
    await fill(0, 4000)
    const reading = readWith(async () => {
      await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      // The client has connected again by itself.
      await expect.poll(async () => String(await redis.command('CLIENT', 'LIST'))).toContain('name=revocade')
    })
    await expect(reading).rejects.toMatchObject({
      code: 'ERR_UNAVAILABLE',
      message: expect.stringContaining('the connection was lost. Run the import again') as string,
    })
  })
})

// Two nodes of a cluster: each has a part of the keys.
describe.runIf(inject('redis').own.kind === 'binary')('of a cluster', () => {
  const nodes: RedisServer[] = []
  beforeAll(async () => {
    // A slot that nobody has must not bring the others down.
    const args = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']
    args.push('--cluster-require-full-coverage', 'no')
    nodes.push(await startRedis({ args }), await startRedis({ args }))
    const [one, other] = nodes as [RedisServer, RedisServer]
    const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
    await one.command('CLUSTER', 'ADDSLOTS', ...slots.slice(0, 8192))
    await other.command('CLUSTER', 'ADDSLOTS', ...slots.slice(8192))
    await one.command('CLUSTER', 'MEET', '127.0.0.1', other.port)
    for (const node of nodes) while (!(await isWhole(node))) await sleep(20)
    return async () => {
      for (const node of nodes) await node.stop()
    }
  })
  const isWhole = async (node: RedisServer) => {
    const info = String(await node.command('CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2')
  }
  /** Sets a key where its slot is. */
  const set = async (key: string, seconds: number) => {
    for (const node of nodes) {
      try {
        await node.command('SETEX', key, seconds, '1')
        return
      } catch (error) {
        if (!String(error).includes('MOVED')) throw error
      }
    }
  }

  it('reads every master, and stops if slots have moved meanwhile', async () => {
    const tokens = Array.from({ length: 20 }, (_, i) => jwt({ jti: `c-${i}` }))
    for (const token of tokens) await set(`blacklist:${token}`, 3600)
    const sizes = await Promise.all(nodes.map((node) => node.command('DBSIZE')))
    expect(Math.min(...sizes.map(Number))).toBeGreaterThan(0)
    const url = `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
    const ran = await dir.run(['import', '--from-redis', PATTERN, '--from-url', url, '--json'])
    expect(JSON.parse(ran.stdout)).toMatchObject({ keys: 20, imported: 20 })
    expect((await revokedOf(tokens)).every(Boolean)).toBe(true)

    const reading = (async () => {
      for await (const keys of readRedisKeys(url, PATTERN)) {
        expect(keys.length).toBeGreaterThan(0)
        // Slot 8191 has no key here; both nodes give it up.
        for (const node of nodes) await node.command('CLUSTER', 'DELSLOTS', 8191).catch(() => undefined)
      }
    })()
    await expect(reading).rejects.toThrow('the cluster has moved slots')
  })
})
