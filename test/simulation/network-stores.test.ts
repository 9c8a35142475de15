import { createRequire, syncBuiltinESMExports } from 'node:module'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { RedisStore } from '#dist/store/redis/index.js'
import { steps } from '../support/interleaving-steps.js'
import { histories, report, scaled } from '../support/scale.js'
import { SimulatedPool } from '../support/simulated/postgres.js'
import { SimulatedStatements } from '../support/simulated/postgres-statements.js'
import { SimulatedRedis } from '../support/simulated/redis.js'
import { SimulatedScripts } from '../support/simulated/redis-scripts.js'
import type { ManualClock } from '../support/time.js'
import { type Seen, type Simulated, SimulatedRun, TIMEOUTS } from './run.js'

// The whole engine with the committers and readers of the stores across a network, on a simulated server,
// network and clock: questions and replies arrive in any order, connections are lost before and after a
// commit, deadlines pass, and a failover takes the server back to an earlier state. A run depends on its seed
// alone: REVOCADE_TEST_SEED=… npx vitest run test/simulation

const COUNT = 250

function onPostgres(clock: ManualClock): Simulated {
  const server = new SimulatedStatements(clock.now)
  return {
    history: server.history,
    connect(network) {
      const pool = new SimulatedPool(network, server)
      return { store: new PostgresStore(pool, TIMEOUTS), cut: (swallows) => pool.cut(swallows) }
    },
  }
}

function onRedis(clock: ManualClock): Simulated {
  const server = new SimulatedScripts(clock.now)
  return {
    history: server.history,
    connect(network) {
      const client = new SimulatedRedis(network, server)
      return { store: new RedisStore(client, TIMEOUTS), cut: (swallows) => client.cut(swallows) }
    },
  }
}

// The stores take their time from these; the modules of Node.js have a timer of their own.
const timers = createRequire(import.meta.url)('node:timers/promises') as { setTimeout: unknown }
const realSleep = timers.setTimeout
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  timers.setTimeout = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  syncBuiltinESMExports()
})
afterEach(() => {
  vi.useRealTimers()
  timers.setTimeout = realSleep
  syncBuiltinESMExports()
})

describe.each([
  ['PostgreSQL', onPostgres],
  ['Redis', onRedis],
] as const)('two engines on a simulated %s', (name, simulate) => {
  it.each([
    ['replies and lost connections', 0],
    ['replies, lost connections and failovers', 2],
  ])('keep the promises in every order of requests, %s', async (what, failOvers) => {
    const seen: Seen = {
      ...{ active: 0, revoked: 0, unknown: 0 },
      ...{ acknowledged: 0, rejected: 0 },
      cuts: 0,
      again: 0,
      late: 0,
    }
    const property = fc.asyncProperty(fc.scheduler(), steps(failOvers, 2), async (scheduler, plan) => {
      const run = await SimulatedRun.open(scheduler, simulate, seen)
      for (const step of plan) await run.take(step)
      await run.end()
    })
    await fc.assert(property, histories(COUNT))
    report(`two engines on a simulated ${name}, ${what}`, {
      histories: scaled(COUNT),
      violations: 0,
      ...seen,
    })
    // The property is no use if the runs never get to the interesting places.
    for (const [place, count] of Object.entries(seen)) expect(count, place).toBeGreaterThan(10)
  })
})
