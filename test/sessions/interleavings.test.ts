import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { histories, report, scaled } from '../support/scale.js'
import { Run, type Seen, type Step } from './support/run.js'

// Two engines on one store that answers late. A scheduler decides in which order requests and replies
// arrive. What the calls answered is held against what was committed, and when.

const engine = fc.integer({ min: 0, max: 1 })
const index = fc.nat(60)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), engine }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('rotate' as const), engine, index }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('rotateNewest' as const), engine, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revokeLogin' as const), engine, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revokeUser' as const), engine }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revokeOthers' as const), engine, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revokeWhere' as const), engine }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('poll' as const), engine }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      ms: fc.integer({ min: -15_000, max: 20_000 }),
    }),
  },
  {
    weight: 36,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), messages: fc.integer({ min: 1, max: 8 }) }),
  },
)

for (const replaySeconds of [10, 0]) {
  describe(`sessions with a window of ${replaySeconds} seconds`, () => {
    it('keep what they promise in every order of requests and replies', async () => {
      const seen: Seen = { created: 0, rotated: 0, replayed: 0, reused: 0, ended: 0, limit: 0, retries: 0 }
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(step, { minLength: 10, maxLength: 70, size: 'max' }),
          async (scheduler, steps) => {
            const run = await Run.open(scheduler, replaySeconds, seen)
            for (const one of steps) await run.take(one)
            await run.end()
          },
        ),
        histories(200),
      )
      report(`sessions with a window of ${replaySeconds} seconds`, {
        histories: scaled(200),
        ...seen,
        violations: 0,
      })
      // The property is no use if the runs never get to the interesting places.
      for (const [what, count] of Object.entries(seen))
        expect(count, what).toBeGreaterThanOrEqual(what === 'replayed' && replaySeconds === 0 ? 0 : 10)
    })
  })
}
