import { afterAll, beforeAll, describe, it } from 'vitest'
import { RedisStore } from '#dist/store/redis/index.js'
import { storeSuite } from '#dist/testing/index.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { backup } from './support.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ args: ['--appendonly', 'yes'] })
})
afterAll(() => redis.stop())

let stores = 0

storeSuite({ describe, it }, 'Redis', {
  make() {
    const place = `${redis.url}?prefix=suite-${stores++}`
    return Promise.resolve({
      connect: () => new RedisStore(place),
      backup: () => backup(redis, `suite-${stores - 1}`),
      dispose: () => Promise.resolve(),
    })
  },
})
