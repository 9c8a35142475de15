import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startRedis } from '../support/redis/server.js'
import { Fleet } from './fleet.js'

// A longer run: REVOCADE_TEST_KILLS=200 npx vitest run test/faults/redis-kill.test.ts

const KILLS = Number(process.env.REVOCADE_TEST_KILLS ?? 6)
/** Between two looks at what the processes were told. */
const ROUND = 20

it(
  `a Redis that is killed at a random moment, ${KILLS} times under load, makes no verdict wrong and no check fail`,
  { timeout: 60_000 + KILLS * 5000 },
  async () => {
    const redis = await startRedis()
    const fleet = await Fleet.start(redis)
    try {
      const sum = { kills: 0, checks: 0, byRedis: 0, wrong: 0, failed: 0 }
      while (sum.kills < KILLS) {
        const told = await fleet.endure(async () => {
          for (let i = 0; i < ROUND && sum.kills < KILLS; i++, sum.kills++) {
            await sleep(Math.random() * 400)
            await redis.kill()
            await sleep(Math.random() * 100)
            await redis.restart({ empty: true })
          }
        })
        sum.checks += told.checks
        sum.byRedis += told.decided.redis
        sum.wrong += told.wrong.length
        sum.failed += told.failed
        expect(told.wrong).toEqual([])
        expect(told.failed).toBe(0)
        expect(told.near).toBeGreaterThan(0)
      }
      if (KILLS > ROUND) console.log(JSON.stringify(sum))
      expect(sum.byRedis).toBeGreaterThan(KILLS)
    } finally {
      await fleet.stop()
    }
  },
)
