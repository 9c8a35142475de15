/**
 * The interfaces between the layers, one file each. The engine knows only these. Stores, prefilters, the
 * prefix cache and the notifier implement them. Users import them from `revocade/ports`.
 */
export type * from './bucket-source.js'
export type * from './change-log.js'
export type * from './clock.js'
export type * from './digest.js'
export type * from './logger.js'
export type * from './maybe-promise.js'
export type * from './notifier.js'
export type * from './prefilter.js'
export type * from './prefix-cache.js'
export type * from './scan-collector.js'
export type * from './session-store.js'
export type * from './store.js'
export type * from './target.js'
