import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startRedis } from '../support/redis/server.js'
import { report, scaled } from '../support/scale.js'
import { Fleet } from './fleet.js'

const KILLS = scaled(6)
/** Between two looks at what the processes were told. */
const ROUND = 20

it(
  `a Redis killed ${KILLS} times under load makes no verdict wrong and no check fail`,
  { timeout: 600_000 + KILLS * 5000 },
  async () => {
    const redis = await startRedis()
    const fleet = await Fleet.start(redis)
    try {
      const sum = { kills: 0, checks: 0, byRedis: 0, violations: 0, failed: 0 }
      while (sum.kills < KILLS) {
        const told = await fleet.endure(
          async () => {
            // A round that is repeated, as too little was asked in it, kills once more at least.
            for (let i = 0; i < ROUND && (i === 0 || sum.kills < KILLS); i++, sum.kills++) {
              await sleep(Math.random() * 400)
              await redis.kill()
              await sleep(Math.random() * 100)
              await redis.restart({ empty: true })
            }
          },
          ({ near, decided }) => near > 0 && decided.redis > KILLS,
        )
        sum.checks += told.checks
        sum.byRedis += told.decided.redis
        sum.violations += told.wrong.length
        sum.failed += told.failed
        expect(told.wrong).toEqual([])
        expect(told.failed).toBe(0)
      }
      report('three processes, and a Redis that is killed at random moments', sum)
      expect(sum.byRedis).toBeGreaterThan(KILLS)
    } finally {
      await fleet.stop()
    }
  },
)
