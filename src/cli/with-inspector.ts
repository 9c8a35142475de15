import type { RevocationStore } from '../ports/index.js'
import type { RedisInspector } from '../redis/inspect/inspector.js'
import { readRedisOptions, type RedisSettings } from '../redis/options.js'
import { type RedisFlags, redisOption, type StoreOptions } from './options.js'

/** The Redis to look at, checked; undefined where none is named. */
export function observedRedis(options: RedisFlags): RedisSettings | undefined {
  const redis = redisOption(options)
  return redis === undefined ? undefined : readRedisOptions(redis)
}

/** Runs with an observer of the Redis layer of an opened store, which is stopped whatever happens. */
export async function withObserver<T>(
  settings: RedisSettings,
  { namespace = 'default' }: StoreOptions,
  store: RevocationStore,
  use: (observer: RedisInspector) => Promise<T>,
): Promise<T> {
  // Loaded here, not at the top: commands without a Redis need none of it.
  const { RedisInspector: RedisInspector } = await import('../redis/inspect/inspector.js')
  const observer = await RedisInspector.connect(settings, store.stats().id, namespace)
  try {
    return await use(observer)
  } finally {
    observer.stop()
  }
}
