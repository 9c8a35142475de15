import '../require-node.js'

export { createLimits, type Limits, type Taken } from './limits.js'
export type { IoredisLike, LimitsOptions, LimitsRedis, NodeRedisLike } from './options.js'
