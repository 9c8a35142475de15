import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { open } from '../support/engine.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})
afterEach(() => vi.restoreAllMocks())

/** Timers that are set from now on and have not fired yet. */
function waitingTimers(): Set<unknown> {
  const waiting = new Set<unknown>()
  const { setTimeout: set, clearTimeout: clear } = globalThis
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(
    (callback: () => void, ms?: number): NodeJS.Timeout => {
      const timer = set(() => {
        waiting.delete(timer)
        callback()
      }, ms)
      waiting.add(timer)
      return timer
    },
  )
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    waiting.delete(timer)
    clear(timer)
  })
  return waiting
}

describe('A server without memory that evicts nothing', () => {
  it('gets no writes and no growing queue, and is filled once it has room', async () => {
    const waiting = waitingTimers()
    const engine = await open({
      store: join(temporaryDirectory(), 'store.db'),
      redis: redis.url,
      prefilter: { kind: 'trie', prefixBits: 8 },
      cacheEntries: 0,
    })
    await engine.revokeMany(Array.from({ length: 3000 }, (_, i) => ({ jti: `t${i}`, expiresAt: TOMORROW })))
    await expect.poll(() => engine.stats().redis?.complete, { timeout: 10_000 }).toBe(true)
    await redis.command('CONFIG', 'SET', 'maxmemory', 1)
    await redis.command('FLUSHALL')
    const lookups = (): number => engine.stats().redis?.lookups ?? 0
    const before = lookups()
    for (let i = 0; lookups() < before + 1000; i++) await engine.check({ jti: `other ${i}`, exp: TOMORROW })
    await expect.poll(() => engine.stats().redis?.why ?? '').toMatch(/^OOM/)
    expect(await redis.command('DBSIZE')).toBe(0)
    // A queue would hold a write for each of the 1,000 lookups. Engines of other files set timers, too.
    expect(waiting.size).toBeLessThan(100)
    await expect(engine.check({ jti: 't7', exp: TOMORROW })).resolves.toMatchObject({
      status: 'revoked',
      decidedBy: 'store',
    })
    await redis.command('CONFIG', 'SET', 'maxmemory', 0)
    await expect
      .poll(() => engine.stats().redis, { timeout: 10_000 })
      .toMatchObject({ complete: true, why: null })
  })
})
