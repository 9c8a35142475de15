import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { report, SCALE } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW, until } from '../support/time.js'
import { BYSTANDERS, Fleet, SECRET, type Told } from './fleet.js'

// Promise 8 between processes: whatever happens to the Redis server, answers stay right, no check fails, and the
// prefix cache recovers.

const SECONDS = 0.7 * SCALE
const PATIENCE_MS = 600_000 + SECONDS * 10_000

let redis: RedisServer
let fleet: Fleet
beforeAll(async () => {
  redis = await startRedis()
  fleet = await Fleet.start(redis)
  return async () => {
    await fleet.stop()
    await redis.stop()
  }
})

const soon = (atMostMs: number): Promise<void> => sleep(Math.random() * atMostMs)

/** Repeats at random moments for SECONDS, and at least `atLeast` times on a slow machine. */
async function repeatedly(atMostMs: number, what: () => unknown, atLeast = 3): Promise<void> {
  const end = performance.now() + SECONDS * 1000
  for (let times = 0; times < atLeast || performance.now() < end; times++) {
    await soon(atMostMs)
    await what()
  }
}

/** Whether there were enough checks to find a wrong answer. */
const enough = ({ decided, near, turned }: Told): boolean =>
  decided.redis > 300 && decided.store > 300 && near > 0 && turned > 10

/** All peers are right while something is done to Redis, and none of them fails. */
async function expectRight(what: string, fault: () => Promise<unknown>): Promise<void> {
  const told = await fleet.endure(fault, enough)
  report(`three processes, and a Redis that ${what}`, {
    checks: told.checks,
    byRedis: told.decided.redis,
    violations: told.wrong.length,
    failed: told.failed,
  })
  expect(told.wrong).toEqual([])
  expect(told.failed).toBe(0)
  expect(enough(told), JSON.stringify({ ...told, said: told.said.length })).toBe(true)
  expect(await fleet.amiss(redis.url)).toEqual([])
}

describe('three processes on one store, and their Redis', { timeout: PATIENCE_MS }, () => {
  it('is flushed again and again', async () => {
    await expectRight('is flushed again and again', () => repeatedly(60, () => redis.command('FLUSHALL')))
  })

  it('is killed and starts again, another one and empty, at the same address', async () => {
    await expectRight('is killed and starts empty', () =>
      repeatedly(400, () => redis.restart({ empty: true })),
    )
  })

  it('is stopped, and goes on with what it was told before', async () => {
    await expectRight('is stopped and goes on', () =>
      repeatedly(200, async () => {
        await redis.suspend(true)
        await soon(300)
        await redis.suspend(false)
      }),
    )
  })

  it.each(['ALL', 'WRITE'])('pauses its clients (%s)', async (mode) => {
    await expectRight(`pauses its clients (${mode})`, () =>
      repeatedly(200, () => redis.command('CLIENT', 'PAUSE', 150, mode)),
    )
  })

  it.each(['allkeys-random', 'volatile-ttl', 'noeviction'])('has no memory left (%s)', async (policy) => {
    const count = async (name: string): Promise<number> =>
      Number(
        new RegExp(`^${name}[:=](\\d+)`, 'm').exec(String(await redis.command('INFO', 'everything')))?.[1] ??
          0,
      )
    const tally = policy === 'noeviction' ? 'errorstat_OOM:count' : 'evicted_keys'
    const before = await count(tally)
    await expectRight(`has no memory left (${policy})`, async () => {
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', policy)
      await repeatedly(
        100,
        async () => {
          await redis.command(
            'CONFIG',
            'SET',
            'maxmemory',
            Math.random() < 0.5 ? 1 : (await count('used_memory')) - 10_000,
          )
        },
        6,
      )
      await redis.command('CONFIG', 'SET', 'maxmemory', 0)
    })
    expect(await count(tally)).toBeGreaterThan(before)
  })

  it('goes back with single buckets', async () => {
    const client = redis.client()
    const kept: { readonly key: string; readonly dump: Buffer }[] = []
    const keep = async (key: string): Promise<void> => {
      const dump: unknown = await client.dumpBuffer(key)
      if (Buffer.isBuffer(dump)) kept.push({ key, dump }) // null: it was removed since it was listed
    }
    await expectRight('goes back with single buckets', () =>
      repeatedly(
        30,
        async () => {
          for (const key of await client.keys('revocade:*')) if (Math.random() < 0.3) await keep(key)
          const old = kept[Math.floor(Math.random() * kept.length)]
          if (old !== undefined) await client.restore(old.key, 0, old.dump, 'REPLACE')
        },
        12,
      ),
    )
  })

  it('goes back with all of it, to what it had saved', async () => {
    await redis.command('SAVE')
    await expectRight('goes back to what it had saved', () => repeatedly(400, () => redis.restart()))
  })

  it('holds the data of another store, which says the contrary', async () => {
    await using other = await open({
      store: join(temporaryDirectory(), 'other.db'),
      secret: SECRET,
      redis: redis.url,
    })
    await expectRight('holds the data of another store', async () => {
      await redis.restart({ empty: true })
      await other.revokeMany(
        Array.from({ length: BYSTANDERS }, (_, i) => ({ jti: `t${-1 - i}`, expiresAt: TOMORROW })),
      )
      await until('the other store has filled it', () => other.stats().redis?.complete === true)
      await sleep(SECONDS * 500)
    })
  })
})
