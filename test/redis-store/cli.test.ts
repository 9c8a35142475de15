import { afterAll, beforeAll, expect, it } from 'vitest'
import { inProcess } from '../cli/in-process.js'
import { ndjson } from '../support/cli.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { DURABLE } from './support.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ args: DURABLE })
})
afterAll(() => redis.stop())

const dir = inProcess()
const inOneHour = ['--expires-in', '1h'] as const
const place = (prefix: string): string => `${redis.url}?prefix=${prefix}`

it('revoke, check, list, stats, export, import and doctor take a Redis URL', async () => {
  const env = { REVOCADE_STORE: place('cli') }
  const missing = await dir.run(['check', '--claims-json', '{"jti":"a"}'], { env })
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('there is no store at')])
  const revoked = await dir.run(['revoke', '--jti', 'a', '--iss', 'i', ...inOneHour], { env })
  expect(revoked.code).toBe(0)
  expect(revoked.stdout).toContain('durable in Redis')
  const check = (jti: string, from = env) =>
    dir.run(['check', '--claims-json', `{"jti":"${jti}","iss":"i"}`], { env: from })
  expect(await check('a')).toMatchObject({ code: 1 })
  expect(await check('b')).toMatchObject({ code: 0 })
  expect((await dir.run(['list'], { env })).stdout).toContain('jti=a')
  const stats = JSON.parse((await dir.run(['stats', '--json'], { env })).stdout) as object
  expect(stats).toMatchObject({ counts: { tokens: 1 }, store: { kind: 'redis', keyPrefix: 'cli', seq: 1 } })
  const exported = (await dir.run(['export'], { env })).stdout
  expect(ndjson(exported)).toHaveLength(1)
  const copy = { REVOCADE_STORE: place('copy') }
  expect(await dir.run(['import', '-', '--no-progress'], { env: copy, stdin: exported })).toMatchObject({
    code: 0,
  })
  expect(await check('a', copy)).toMatchObject({ code: 1 })
  const unrevoked = await dir.run(['unrevoke', '--jti', 'a', '--iss', 'i'], { env: copy })
  expect(unrevoked.stdout).toContain('durable in Redis')
})

it('tune times reads of the store', async () => {
  const store = place('tune')
  await dir.run(['revoke', '--jti', 'a', '--iss', 'i', ...inOneHour, '--store', store])
  const traffic = ['--revocations', '2000', '--checks-per-second', '5', '--no-calibration']
  const { stdout } = await dir.run(['tune', ...traffic, '--json', '--store', store])
  const { costs } = JSON.parse(stdout) as { costs: { storeRead: number } }
  expect(costs.storeRead).toBeGreaterThan(10_000)
})

interface Checks {
  readonly checks: readonly { readonly check: string; readonly status: string; readonly detail: string }[]
}

it('doctor says what a Redis store promises, and what its server lacks', async () => {
  const doctor = async (server: RedisServer): Promise<Map<string, string>> => {
    const store = `${server.url}?prefix=cli`
    await dir.run(['revoke', '--jti', 'a', '--iss', 'i', ...inOneHour, '--store', store])
    const { stdout } = await dir.run(['doctor', '--json', '--store', store])
    const { checks } = JSON.parse(stdout) as Checks
    return new Map(checks.map(({ check, status, detail }) => [check, `${status}: ${detail}`]))
  }
  const good = await doctor(redis)
  for (const name of ['server', 'memory', 'replicas', 'store']) expect(good.get(name)).toMatch(/^ok: /)
  expect(good.get('durability')).toMatch(/^ok: .*always.*survive a crash.*A failover can lose/)
  const bad = await doctor(await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] }))
  expect(bad.get('durability')).toMatch(/^warn: appendonly no/)
  for (const name of ['memory', 'store']) expect(bad.get(name)).toMatch(/^fail: /)
})

it('a command names a namespace that is missing, and makes none', async () => {
  const env = { REVOCADE_STORE: place('named') }
  await dir.run(['revoke', '--jti', 'a', '--iss', 'i', ...inOneHour], { env })
  const check = ['check', '--claims-json', '{"jti":"a"}', '--namespace', 'b']
  const { code, stderr } = await dir.run(check, { env })
  expect([code, stderr]).toEqual([2, expect.stringContaining("no namespace 'b'")])
  expect(await redis.command('HGET', '{named}:head', 'namespaces')).toBe('1')
})

it('doctor says that a server is not there, without its password', async () => {
  const { code, stdout, stderr } = await dir.run(['doctor', '--store', 'redis://:hunter2@127.0.0.1:1'])
  expect([code, stdout]).toEqual([2, expect.stringContaining('ERR_STORE_UNAVAILABLE')])
  expect(stdout + stderr).not.toContain('hunter2')
})
