import type { Case } from '../harness/types.js'
import { adversary } from './adversary.js'
import { allocation } from './allocation.js'
import { boot } from './boot.js'
import { check } from './check.js'
import { falsePositives } from './false-positives.js'
import { fuse } from './fuse.js'
import { bulkImport } from './import.js'
import { latencyUnderChurn } from './latency-under-churn.js'
import { limit } from './limit.js'
import { network } from './network.js'
import { prefilter } from './prefilter.js'
import { propagation } from './propagation.js'
import { redis } from './redis.js'
import { redisMemory } from './redis-memory.js'
import { revoke } from './revoke.js'
import { scale } from './scale.js'
import { selectors } from './selectors.js'

/** In the order in which they run. */
export const CASES: readonly Case[] = [
  limit,
  check,
  network,
  scale,
  fuse,
  selectors,
  allocation,
  falsePositives,
  revoke,
  bulkImport,
  boot,
  redis,
  redisMemory,
  propagation,
  latencyUnderChurn,
  adversary,
  prefilter,
]
