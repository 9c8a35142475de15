import { onTestFinished } from 'vitest'
import { RedisStore, type RedisStoreOptions } from '#dist/store/redis/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'
import type { RedisServer } from '../support/redis/server.js'

/** Arguments of a server that a store accepts, and that acknowledges only what is on its disk. */
export const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always']

/** Keeps the keys of a store; returns what puts them back, in one step of the server. */
export async function backup(redis: RedisServer, prefix = 'revocade'): Promise<() => Promise<void>> {
  const client = redis.client()
  const keys = await client.keys(`{${prefix}}:*`)
  const kept = await Promise.all(keys.map((key) => client.dumpBuffer(key)))
  return async () => {
    const back = client.multi().del(...(await client.keys(`{${prefix}}:*`)))
    for (const [i, key] of keys.entries()) back.restore(key, 0, kept[i] ?? Buffer.alloc(0))
    await back.exec()
  }
}

/** A store that is opened, without an engine. The end of the test closes it. */
export async function openRedisStore(url: string, options: RedisStoreOptions = {}): Promise<RedisStore> {
  const store = new RedisStore(url, options)
  onTestFinished(() => store.close())
  await openStore(store)
  return store
}
