import type { RevocationStore } from '../ports/index.js'
import type { RedisInspector } from '../redis/inspect/inspector.js'
import { readRedisOptions, type RedisSettings } from '../redis/options.js'
import { type RedisFlags, redisOption, type StoreOptions } from './options.js'

/** The checked settings of the Redis to inspect; undefined without `--redis`. */
export function inspectedRedis(options: RedisFlags): RedisSettings | undefined {
  const redis = redisOption(options)
  return redis === undefined ? undefined : readRedisOptions(redis)
}

/**
 * Connects an inspector to the prefix cache of an open store, runs `use`, and stops the inspector in any
 * case.
 */
export async function withInspector<T>(
  settings: RedisSettings,
  { namespace = 'default' }: StoreOptions,
  store: RevocationStore,
  use: (inspector: RedisInspector) => Promise<T>,
): Promise<T> {
  // Loaded here, not at the top: commands without Redis start faster.
  const { RedisInspector } = await import('../redis/inspect/inspector.js')
  const inspector = await RedisInspector.connect(settings, store.stats().id, namespace)
  try {
    return await use(inspector)
  } finally {
    inspector.stop()
  }
}
