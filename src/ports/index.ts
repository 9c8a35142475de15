/** The interfaces between the layers, one a file. The engine knows only these; stores, prefilters and the prefix cache implement them. */
export type * from './bucket-source.js'
export type * from './change-log.js'
export type * from './digest.js'
export type * from './logger.js'
export type * from './prefilter.js'
export type * from './store.js'
export type * from './target.js'
