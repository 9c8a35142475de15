import { chmodSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sqlite } from '#dist/cli/doctor/disk.js'
import { checkNode } from '#dist/cli/doctor/machine.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()

interface Report {
  ok: boolean
  checks: { check: string; status: string; detail: string; advice?: string }[]
}
const reportOf = (stdout: string): Report => JSON.parse(stdout) as Report
const statusOf = (report: Report, check: string): string | undefined =>
  report.checks.find((found) => found.check === check)?.status

describe('doctor', () => {
  it('finds a sound store healthy and cleans up after itself', async () => {
    await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h'])
    const names = () => readdirSync(dir.path).filter((name) => !/-(wal|shm)$/.test(name))
    const before = names()
    const { code, stdout, stderr } = await dir.runProcess(['doctor', '--deep', '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const report = reportOf(stdout)
    expect(report.ok).toBe(true)
    for (const check of [
      'Node.js',
      'directory',
      'fsync',
      'SQLite',
      'durability',
      'revocation',
      'store file',
      'permissions',
      'integrity (deep)',
      'store',
      'write-ahead log',
      'clock',
    ]) {
      expect([check, statusOf(report, check)]).toEqual([check, 'ok'])
    }
    expect(names()).toEqual(before)
    expect((await dir.run(['doctor'])).stdout).toMatch(/^ok +Node\.js .*\n(.*\n)+\nHealthy: \d+ checks/)
  })

  it('finds a store healthy in which everyone is revoked, and says so', async () => {
    await dir.run(['revoke', '--everyone', '--expires-in', '1h'])
    const { code, stdout } = await dir.run(['doctor', '--json'])
    const found = reportOf(stdout).checks.find(({ check }) => check === 'store')
    expect([code, found?.status]).toEqual([0, 'ok'])
    expect(found?.detail).toMatch(/^seq 1, id .*\. A revocation of everyone is live$/)
  })

  it('fails on a file that is no database, and leaves it as it was', async () => {
    writeFileSync(join(dir.path, 'revocade.db'), 'not a database, but a file of some length '.repeat(200))
    const before = readFileSync(join(dir.path, 'revocade.db'))
    const { code, stdout } = await dir.run(['doctor', '--json'])
    expect(code).toBe(2)
    expect(reportOf(stdout).ok).toBe(false)
    expect(statusOf(reportOf(stdout), 'integrity')).toBe('fail')
    expect(readFileSync(join(dir.path, 'revocade.db')).equals(before)).toBe(true)
    expect((await dir.run(['doctor'])).stdout).toMatch(
      /What to do\n {2}integrity: .*\n\nNot healthy: \d+ checks, 1 failed/,
    )
  })

  it('fails on a damaged store', async () => {
    const lines = Array.from(
      { length: 3000 },
      (_, i) => `{"jti":"token-${i}","expiresAt":${inSeconds(3600)}}\n`,
    ).join('')
    await dir.run(['import'], { stdin: lines })
    const file = join(dir.path, 'revocade.db')
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 4096 * 8, 4096 * 12)
    writeFileSync(file, bytes)
    const damaged = await dir.run(['doctor', '--json'])
    expect([damaged.code, statusOf(reportOf(damaged.stdout), 'integrity')]).toEqual([2, 'fail'])
    truncateSync(file, bytes.length - 4096 * 4)
    const cut = await dir.run(['doctor', '--json'])
    expect([cut.code, statusOf(reportOf(cut.stdout), 'integrity')]).toEqual([2, 'fail'])
  })

  it.runIf(process.platform !== 'win32')('warns where anybody may write the store', async () => {
    await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h'])
    chmodSync(join(dir.path, 'revocade.db'), 0o666)
    const { code, stdout } = await dir.run(['doctor', '--json'])
    expect([code, statusOf(reportOf(stdout), 'permissions')]).toEqual([0, 'warn'])
  })

  it('judges versions', () => {
    expect(sqlite('3.51.2').status).toBe('warn')
    expect(sqlite('3.51.3').status).toBe('ok')
    expect(sqlite('3.53.0').status).toBe('ok')
    expect(checkNode('20.18.3', '9').status).toBe('fail')
    expect(checkNode('20.19.0', '9').status).toBe('ok')
    expect(checkNode('24.1.0', '10').status).toBe('ok')
  })
})

describe('doctor --redis', () => {
  const CHECKS = [
    'Redis',
    'Redis server',
    'Redis memory',
    'Redis eviction',
    'Redis clock',
    'Redis persistence',
    'Redis round trip',
    'Redis scripts',
    'Redis hashes',
    'Redis messages',
  ]
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
    return redis.stop
  })
  beforeEach(() => dir.run(['revoke', '--jti', 'a', '--expires-in', '1h']))
  const statuses = (report: Report) =>
    Object.fromEntries(
      report.checks
        .filter(({ check }) => check.startsWith('Redis'))
        .map(({ check, status }) => [check, status]),
    )

  it('finds a server well, and leaves nothing on it', async () => {
    const { code, stdout, stderr } = await dir.run(['doctor', '--redis', `${redis.url}/1`, '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(statuses(reportOf(stdout))).toEqual(Object.fromEntries(CHECKS.map((check) => [check, 'ok'])))
    expect(await redis.client({ db: 1 }).dbsize()).toBe(0)
    // Without a Redis, there is none to look at.
    expect(statuses(reportOf((await dir.run(['doctor', '--json'])).stdout))).toEqual({})
  })

  it('fails where there is none, and says why', async () => {
    const { code, stdout } = await dir.run(['doctor', '--json'], {
      env: { REVOCADE_REDIS_URL: 'redis://:hunter2@127.0.0.1:1' },
    })
    expect([code, statuses(reportOf(stdout))]).toEqual([2, { Redis: 'fail' }])
    expect(reportOf(stdout).checks.at(-1)).toMatchObject({ detail: 'redis://127.0.0.1:1/0: ECONNREFUSED' })
    const mistyped = await dir.run(['doctor'], { env: { REVOCADE_REDIS_URL: 'http://:hunter2@127.0.0.1:1' } })
    expect([mistyped.code, mistyped.stdout, mistyped.stderr]).toEqual([
      2,
      '',
      expect.stringMatching(/^ERR_CONFIG: .*forms/),
    ])
    expect(stdout + mistyped.stderr).not.toContain('hunter2')
  })

  it('fails where a password is wrong, without telling it', async () => {
    await redis.command('ACL', 'SETUSER', 'locked', 'on', '>right', '~*', '&*', '+@all')
    const { code, stdout } = await dir.run(['doctor', '--json'], {
      env: { REVOCADE_REDIS_URL: redis.url.replace('//', '//locked:hunter2@') },
    })
    expect([code, reportOf(stdout).checks.at(-1)]).toMatchObject([
      2,
      { check: 'Redis', status: 'fail', detail: expect.stringContaining('WRONGPASS') as string },
    ])
    expect(stdout).not.toContain('hunter2')
  })

  it('fails where nothing answers', async () => {
    const silent = await startRedis()
    await silent.suspend(true)
    const { code, stdout } = await dir.run(['doctor', '--redis', silent.url, '--json'])
    expect([code, reportOf(stdout).checks.at(-1)]).toMatchObject([
      2,
      { check: 'Redis', status: 'fail', detail: expect.stringMatching(/no reply|closed/) as string },
    ])
  })

  it('sees a policy that evicts, hashes that are not packed, and a user who may do too little', async () => {
    const other = await startRedis({
      args: [
        '--maxmemory',
        '100mb',
        '--maxmemory-policy',
        'volatile-lru',
        '--hash-max-ziplist-entries',
        '128',
      ],
    })
    const spoilt = await dir.run(['doctor', '--redis', other.url, '--json'])
    expect(spoilt.code).toBe(0)
    const found = reportOf(spoilt.stdout)
    expect(statuses(found)).toMatchObject({
      'Redis eviction': 'warn',
      'Redis hashes': 'warn',
      'Redis scripts': 'ok',
      'Redis memory': 'ok',
    })
    for (const { status, advice } of found.checks) expect(advice === undefined).toBe(status === 'ok')
    await other.command(
      'ACL',
      'SETUSER',
      'small',
      'on',
      'nopass',
      '~*',
      'resetchannels',
      '+@all',
      '-@scripting',
      '-config',
      '-info',
    )
    const refused = await dir.run(['doctor', '--redis', other.url.replace('//', '//small:x@'), '--json'])
    expect([refused.code, statuses(reportOf(refused.stdout))]).toEqual([
      2,
      {
        Redis: 'ok',
        'Redis server': 'warn',
        'Redis round trip': 'ok',
        'Redis scripts': 'fail',
        'Redis messages': 'warn',
      },
    ])
  })
})
