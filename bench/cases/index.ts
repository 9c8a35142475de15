import type { Case } from '../types.js'
import { allocation } from './allocation.js'
import { bulk, reopen } from './bulk.js'
import { check } from './check.js'
import { compare } from './compare.js'
import { durable } from './durable.js'
import { filter } from './filter.js'
import { propagation } from './propagation.js'
import { redis } from './redis.js'
import { redisMemory } from './redis-memory.js'
import { scale } from './scale.js'
import { selectors } from './selectors.js'

/** In the order in which they run. */
export const CASES: readonly Case[] = [check, compare, scale, selectors, allocation, filter, durable, bulk, reopen, redis, redisMemory, propagation]
