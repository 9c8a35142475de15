import '../../require-node.js'

// The way of a commit is in the docstring of RedisStore.
export { inspectRedisStore, type RedisStoreFacts } from './inspect.js'
export type { RedisPlace, RedisStoreOptions } from './options.js'
export { RedisStore } from './redis-store.js'
