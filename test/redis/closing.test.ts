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

it('whoever awaits the end of an engine sees it, though nothing else keeps the process alive and Redis is far from complete', async () => {
  const redis = await startRedis()
  const folder = temporaryDirectory()
  const path = join(folder, 'revocade.db')
  const store = new SqliteStore(path)
  await store.open(CONTEXT)
  // More buckets than are written before an engine's patience at its end is over.
  await store.buckets.split(13)
  await store.close()
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, path, redis.url])
  expect(stdout).toBe('written, closed')
})
