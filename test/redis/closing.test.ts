import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'

const CHILD = fileURLToPath(new URL('children/closes.mjs', import.meta.url))
const silent = (): void => undefined
const CONTEXT = {
  namespace: 'default',
  secret: undefined,
  exclusive: false,
  purgeGraceSeconds: 3600,
  clock: Date,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
}

it('close() resolves in a process that nothing else keeps alive', async () => {
  const redis = await startRedis()
  const folder = temporaryDirectory()
  const path = join(folder, 'revocade.db')
  const store = new SqliteStore(path)
  await store.open(CONTEXT)
  // close() ends while most of these 8,192 buckets still wait to be written to Redis.
  await store.buckets.split(13)
  await store.close()
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, path, redis.url])
  expect(stdout).toBe('written, closed')
})
