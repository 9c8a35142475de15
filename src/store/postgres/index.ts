import '../../require-node.js'

// The way of a commit is in the docstring of PostgresStore.
export type { HandedInPool } from './driver.js'
export { inspectPostgres, type PostgresFacts } from './inspect.js'
export type { PostgresStoreOptions } from './options.js'
export { PostgresStore } from './postgres-store.js'
