import { onTestFinished } from 'vitest'
import { RedisStore, type RedisStoreOptions } from '#dist/store/redis/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'

/** Arguments of a server that a store accepts, and that acknowledges only what is on its disk. */
export const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always']

/** A store that is opened, without an engine. The end of the test closes it. */
export async function openRedisStore(url: string, options: RedisStoreOptions = {}): Promise<RedisStore> {
  const store = new RedisStore(url, options)
  onTestFinished(() => store.close())
  await openStore(store)
  return store
}
