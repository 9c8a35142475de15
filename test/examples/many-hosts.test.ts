import { execFile } from 'node:child_process'
import { chmodSync, readdirSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'
import { COVERED } from '../support/coverage.js'
import { startPostgres } from '../support/postgres/server.js'
import { startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'

const RUN = fileURLToPath(new URL('../../examples/many-hosts/run.mjs', import.meta.url))

/** What it printed. Fails if it left a file behind. */
async function run(...args: string[]): Promise<string> {
  const folder = temporaryDirectory()
  chmodSync(folder, 0o755) // PostgreSQL runs as another user
  const postgres = inject('postgres')
  const { own } = inject('redis')
  const found = [
    postgres.kind === 'none' ? '' : postgres.folder,
    own.kind === 'binary' ? dirname(own.path) : '',
  ]
  const env = {
    ...process.env,
    ...COVERED,
    TMPDIR: folder,
    PATH: [...found, process.env.PATH].join(delimiter),
  }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [RUN, ...args], { env })
  expect(stderr).toBe('')
  expect(readdirSync(folder)).toEqual([])
  return stdout
}

it('examples/many-hosts shows a revocation travel, and what happens without its servers', async () => {
  const { own } = inject('redis')
  const isOurs = own.kind === 'binary'
  const stdout = await run(...(isOurs ? [] : ['--redis', (await startRedis()).url]))
  for (const step of [1, 2, ...(isOurs ? [3] : []), 4, 5])
    expect(stdout).toMatch(new RegExp(`^${step}\\. `, 'm'))
  for (const host of ['oslo', 'rome'])
    expect(stdout.match(new RegExp(`^ +${host} +refused it [\\d.]+ ms after the commit`, 'gm'))).toHaveLength(
      isOurs ? 2 : 1,
    )
  expect(stdout.match(/^ +\w+ +unknown +said by: policy/gm)).toHaveLength(3)
  expect(stdout.slice(stdout.search(/^5\. /m)).match(/^ +\w+ +active/gm)).toHaveLength(3)
})

it('examples/many-hosts uses servers that it is given, and leaves them running', async () => {
  const postgres = await startPostgres()
  try {
    const redis = await startRedis()
    const store = postgres.url('example')
    const stdout = await run('--store', store, '--redis', redis.url)
    expect(stdout.match(/^ +\w+ +refused it/gm)).toHaveLength(2)
    expect(stdout).not.toMatch(/^3\. /m)
    expect(await postgres.query('SELECT count(*)::int FROM example.revocations')).toEqual([1])
    expect(await redis.command('PING')).toBe('PONG')
  } finally {
    await postgres.stop()
  }
})
