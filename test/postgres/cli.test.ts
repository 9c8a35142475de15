import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { everyKind } from '../cli/every-kind.js'
import { inProcess } from '../cli/in-process.js'
import { ndjson } from '../support/cli.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

const dir = inProcess()
const inOneHour = ['--expires-in', '1h'] as const

it('revoke, check, list, stats, export, import, doctor and tune take a URL', async () => {
  const env = { REVOCADE_STORE: postgres.url('cli') }
  const missing = await dir.run(['check', '--claims-json', '{"jti":"a"}'], { env })
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('there is no store at')])
  const revoked = await dir.run(['revoke', '--jti', 'a', '--iss', 'i', ...inOneHour], { env })
  expect(revoked).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^note: there was no store at postgres:.*: it was made\./) as string,
  })
  expect(await dir.run(['check', '--claims-json', '{"jti":"a","iss":"i"}'], { env })).toMatchObject({
    code: 1,
  })
  expect(await dir.run(['check', '--claims-json', '{"jti":"b","iss":"i"}'], { env })).toMatchObject({
    code: 0,
  })
  expect((await dir.run(['list'], { env })).stdout).toContain('jti=a')
  const stats = JSON.parse((await dir.run(['stats', '--json'], { env })).stdout) as object
  expect(stats).toMatchObject({ counts: { tokens: 1 }, store: { kind: 'postgres', schema: 'cli', seq: 1 } })
  const exported = (await dir.run(['export'], { env })).stdout
  expect(ndjson(exported)).toHaveLength(1)
  const copy = { REVOCADE_STORE: postgres.url('copy') }
  expect(await dir.run(['import', '-', '--no-progress'], { env: copy, stdin: exported })).toMatchObject({
    code: 0,
  })
  expect(await dir.run(['check', '--claims-json', '{"jti":"a","iss":"i"}'], { env: copy })).toMatchObject({
    code: 1,
  })
  const unrevoked = await dir.run(['unrevoke', '--jti', 'a', '--iss', 'i'], { env: copy })
  expect(unrevoked).toMatchObject({ code: 0 })
  const doctor = await dir.run(['doctor', '--json'], { env })
  const { checks } = JSON.parse(doctor.stdout) as { checks: { check: string; status: string }[] }
  const byName = new Map(checks.map(({ check, status }) => [check, status]))
  for (const name of ['server', 'durability', 'isolation', 'store']) expect(byName.get(name)).toBe('ok')
  const traffic = ['--revocations', '1e6', '--checks-per-second', '5000', '--no-calibration']
  const tuned = await dir.run(['tune', ...traffic, '--json', '--store', postgres.url('cli')])
  const { costs } = JSON.parse(tuned.stdout) as { costs: { storeRead: number } }
  expect(costs.storeRead).toBeGreaterThan(10_000)
})

it('a command names a namespace that is missing, and makes none', async () => {
  const env = { REVOCADE_STORE: postgres.url('named') }
  await dir.run(['revoke', '--jti', 'a', '--iss', 'i', ...inOneHour], { env })
  const { code, stderr } = await dir.run(['check', '--claims-json', '{"jti":"a"}', '--namespace', 'b'], {
    env,
  })
  expect([code, stderr]).toEqual([2, expect.stringContaining("no namespace 'b'")])
  expect(await postgres.query('SELECT name FROM named.namespaces')).toEqual(['default'])
})

it('doctor says what a server that is not there lacks, without its password', async () => {
  const store = 'postgres://app:hunter2@127.0.0.1:1/db'
  const { code, stdout, stderr } = await dir.run(['doctor', '--store', store])
  expect([code, stdout]).toEqual([2, expect.stringContaining('ERR_STORE_UNAVAILABLE')])
  expect(stdout + stderr).not.toContain('hunter2')
})

it('demo runs in a schema of its own, and leaves nothing behind', async () => {
  const store = postgres.url('unused')
  const { code, stdout, stderr } = await dir.run(['demo', '--json', '--store', store])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, wrongAnswers: 0 })
  const schemas = "SELECT nspname FROM pg_namespace WHERE nspname ~ 'demo|unused'"
  expect(await postgres.query(schemas)).toEqual([])
  const refused = await dir.run(['demo', '--store', './a.db'])
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('PostgreSQL') as string })
})

it('migrate moves a store to PostgreSQL and back, backup and restore likewise', async () => {
  const url = postgres.url('moved')
  writeFileSync(
    join(dir.path, 'in.ndjson'),
    everyKind()
      .map((line) => JSON.stringify(line))
      .join('\n'),
  )
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await dir.run(args)
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('ERR_') as string])
    return stdout
  }
  const exported = async (store: string): Promise<readonly string[]> =>
    (await done('export', '--store', store)).split('\n').toSorted()
  await done('import', 'in.ndjson', '--store', 'a.db')
  expect(ndjson(await done('migrate', '--from', 'a.db', '--to', url, '--json'))).toMatchObject([
    { written: 12, missing: 0, identical: true },
  ])
  expect(ndjson(await done('migrate', '--from', url, '--to', 'b.db', '--json'))).toMatchObject([
    { written: 12, missing: 0, identical: true },
  ])
  expect(await exported('b.db')).toEqual(await exported('a.db'))
  await done('backup', 'pg.backup', '--store', url)
  const restored = postgres.url('restored')
  await done('restore', 'pg.backup', '--store', restored)
  expect(await exported(restored)).toEqual(await exported('a.db'))
  const again = await dir.run(['restore', 'pg.backup', '--store', restored])
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('--merge')])
})
