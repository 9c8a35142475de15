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
import { permissions } from './sessions/permissions.js'
import { sessionsRace } from './sessions/race.js'
import { sessions } from './sessions/sessions.js'
import { sessionsTheft } from './sessions/theft.js'
import { verified } from './sessions/verified.js'
import { postgresBoot } from './stores/postgres-boot.js'
import { postgresLarge } from './stores/postgres-large.js'
import { postgresPropagation } from './stores/postgres-propagation.js'
import { postgresRead } from './stores/postgres-read.js'
import { postgresWrite } from './stores/postgres-write.js'
import { redisStore } from './stores/redis-store.js'
import { storeCheck } from './stores/store-check.js'

/** The cases by what they need, in the order in which they run. Each suite has records of its own. */
export const SUITES: Readonly<Record<'suite' | 'stores' | 'sessions' | 'races' | 'large', readonly Case[]>> =
  {
    /** The engine on SQLite, and beside a Redis. */
    suite: [
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
    ],
    /** Stores across a network: these start a PostgreSQL and a Redis. */
    stores: [postgresWrite, postgresRead, postgresBoot, postgresPropagation, storeCheck, redisStore],
    /** What is built upon the engine. */
    sessions: [sessions, verified, permissions],
    /** Who is signed in after a race or a theft: outcomes, not times. */
    races: [sessionsRace, sessionsTheft],
    /** What takes many minutes, or much of the disk: run only when it is named. */
    large: [postgresLarge],
  }

/** All cases. */
export const CASES: readonly Case[] = Object.values(SUITES).flat()
