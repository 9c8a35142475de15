import { expect, it } from 'vitest'
import { startRedis } from '../support/redis/server.js'
import { PATIENCE_MS, runTrial } from './staleness.js'

it(
  'four processes with a Redis: no "active" later than Δ, whatever they tell each other',
  { timeout: PATIENCE_MS },
  async () => {
    const redis = await startRedis()
    const seen = await runTrial('four processes with a Redis', {
      peers: [
        { name: 'writer', stalenessMs: 300, writes: { mine: 0, of: 2 } },
        { name: 'other writer', stalenessMs: 300, writes: { mine: 1, of: 2 } },
        { name: 'staller', stalenessMs: 100, stallMs: 150 },
        { name: 'sleeper', stalenessMs: 100, suspendMs: 200 },
      ],
      enough: (of) =>
        ['staller', 'sleeper'].every((name) => of(name).near > 5 && of(name).turned > 5) &&
        of('staller').stalls > 5,
      redis: redis.url,
    })
    expect(seen('writer').checks).toBeGreaterThan(0)
  },
)
