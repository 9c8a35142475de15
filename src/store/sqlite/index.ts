import '../../require-node.js'

// The way of a commit to the disk is in the docstring of SqliteStore.
export { checkIntegrity } from './file/check-integrity.js'
export { readNamespaces } from './file/namespaces.js'
export { copyStore, isReadOnly } from './file/private-copy.js'
export type { SqliteStoreOptions } from './options.js'
export { SqliteStore } from './sqlite-store.js'
