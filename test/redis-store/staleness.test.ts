import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { PATIENCE_MS, runTrial } from '../faults/staleness.js'
import { startRedis } from '../support/redis/server.js'
import { DURABLE } from './support.js'

it('four processes on a Redis: no "active" later than Δ', { timeout: PATIENCE_MS }, async () => {
  const redis = await startRedis({ args: DURABLE })
  let rounds = 0
  const seen = await runTrial('four processes on a Redis store', {
    peers: [
      { name: 'writer', stalenessMs: 300, writes: { mine: 0, of: 2 } },
      { name: 'other writer', stalenessMs: 300, writes: { mine: 1, of: 2 } },
      { name: 'staller', stalenessMs: 100, stallMs: 150 },
      { name: 'sleeper', stalenessMs: 100, suspendMs: 200 },
    ],
    enough: (of) => ['staller', 'sleeper'].every((name) => of(name).near > 5 && of(name).turned > 5),
    store: () => `${redis.url}?prefix=round-${rounds++}`,
    async trouble(isOver) {
      while (!isOver()) {
        await sleep(400)
        await redis.suspend(true)
        await sleep(120)
        await redis.suspend(false)
      }
    },
  })
  expect(seen('writer').checks).toBeGreaterThan(0)
})
