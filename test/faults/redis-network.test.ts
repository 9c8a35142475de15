import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { startProxy, type TcpProxy } from '../support/redis/proxy.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { report, SCALE } from '../support/scale.js'
import { Fleet, type Told } from './fleet.js'

// Promise 8 between processes: whatever the network does to what engines and Redis tell each other.

const SECONDS = 0.7 * SCALE
const PATIENCE_MS = 600_000 + SECONDS * 10_000

/** Whether there were enough checks to find a wrong answer. */
const enough = ({ decided, near, turned }: Told): boolean => decided.redis > 100 && near > 0 && turned > 10

let redis: RedisServer
let proxy: TcpProxy
let fleet: Fleet
beforeAll(async () => {
  redis = await startRedis()
  proxy = await startProxy(redis)
  fleet = await Fleet.start({ url: proxy.url, directUrl: redis.url })
  return async () => {
    await fleet.stop()
    proxy.stop()
    await redis.stop()
  }
})

/** A fault that comes and goes, at random moments. */
const FAULTS: readonly (readonly [what: string, fault: () => void])[] = [
  ['slower than anyone waits', () => proxy.latency(120)],
  ['slow', () => proxy.latency(5)],
  ['a black hole', () => proxy.blackHole()],
  ['resets connections', () => proxy.reset()],
  [
    'refuses connections',
    () => {
      proxy.refuse()
      proxy.reset()
    },
  ],
  ['loses the server and says nothing', () => proxy.halfOpen()],
  ['cuts replies short', () => proxy.truncate(Math.floor(Math.random() * 40))],
]

describe('three processes on one store, and the network to their Redis', () => {
  it.each(FAULTS)('%s', { timeout: PATIENCE_MS }, async (what, fault) => {
    const told = await fleet.endure(async () => {
      const end = performance.now() + SECONDS * 1000
      for (let times = 0; times < 3 || performance.now() < end; times++) {
        await sleep(Math.random() * 150)
        fault()
        await sleep(Math.random() * 200)
        await proxy.accept()
        await proxy.restore()
      }
    }, enough)
    report(`three processes, and the network to Redis: ${what}`, {
      checks: told.checks,
      byRedis: told.decided.redis,
      violations: told.wrong.length,
      failed: told.failed,
    })
    expect(told.wrong).toEqual([])
    expect(told.failed).toBe(0)
    expect(enough(told), JSON.stringify({ ...told, said: told.said.length })).toBe(true)
    expect(await fleet.amiss(redis.url)).toEqual([])
  })
})
