import '../require-node.js'

export { revocable, type SessionStoreLike } from './revocable.js'
export { type BetterAuthSession, revocableStorage, type SecondaryStorageLike } from './secondary-storage.js'
export type { RevocableOptions } from './options.js'
