import { join } from 'node:path'
import { Redis, type RedisOptions as AllOptions } from 'ioredis'
import { createRevocade } from 'revocade'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readRedisOptions } from '#dist/redis/options.js'
import { open } from '../support/engine.js'
import { borrowRedis, type RedisAccess } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'

type RedisOptions = Omit<AllOptions, 'replyMapping'> & { readonly replyMapping?: 'resp3' }

let server: RedisAccess
beforeAll(async () => {
  server = await borrowRedis()
})

function clientWith(options: RedisOptions): Redis {
  const client = new Redis(server.url, options)
  client.on('error', () => undefined)
  onTestFinished(() => client.disconnect())
  return client
}

const patient = { timeout: 30_000 }

// Replies, names of keys, and when commands are sent: what a client's options change for its user.
const SERVED: RedisOptions[] = [
  {},
  { stringNumbers: true },
  { keyPrefix: 'app:' },
  { protocol: 2 },
  { replyMapping: 'resp3' },
  { showFriendlyErrorStack: true },
  { lazyConnect: true },
  { enableOfflineQueue: false },
  { enableReadyCheck: false },
  { maxRetriesPerRequest: null },
  { maxRetriesPerRequest: 0 },
  { commandTimeout: 20_000 },
  { readOnly: true },
  { autoResubscribe: false, autoResendUnfulfilledCommands: false },
]

describe('a client that was handed in', () => {
  it.each(SERVED)('with the options %j writes buckets and hears wake-ups', async (options) => {
    const client = clientWith(options)
    const store = join(temporaryDirectory(), 'store.db')
    const redis = { client, timeoutMs: 10_000 }
    const [one, two] = [
      await open({ store, redis, maxStalenessMs: 3_600_000 }),
      await open({ store, redis, maxStalenessMs: 3_600_000 }),
    ]
    await expect.poll(() => [one, two].every((e) => e.stats().redis?.wakeUps.listening), patient).toBe(true)
    await expect.poll(() => one.stats().redis?.complete, patient).toBe(true)
    expect(await one.revoke({ jti: 'a', exp: TOMORROW })).toMatchObject({ redis: 'written' })
    await expect.poll(() => two.isClearlyActive({ jti: 'a' }), patient).toBe(false)
    await expect.poll(() => one.stats().redis?.complete, patient).toBe(true)
    expect(one.stats().redis).toMatchObject({ state: 'ready', queued: 0, failures: 0 })
  })

  it.each([{ enableAutoPipelining: true }, { monitor: true }])(
    'with the options %j is refused when the engine is created',
    async (options) => {
      const client = clientWith({ ...options, lazyConnect: true })
      const store = join(temporaryDirectory(), 'store.db')
      for (const redis of [client, { client }])
        await expect(createRevocade({ store, redis })).rejects.toThrow(
          expect.objectContaining({
            code: 'ERR_CONFIG',
            message: expect.stringMatching(/redis\.client/) as string,
          }),
        )
      expect(
        readRedisOptions(client.duplicate({ enableAutoPipelining: false, monitor: false })),
      ).toMatchObject({
        target: { kind: 'client' },
      })
    },
  )
})
