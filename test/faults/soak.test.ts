import { expect, it } from 'vitest'
import { libfaketime } from '../support/faketime.js'
import { startRedis } from '../support/redis/server.js'
import { report, scaled } from '../support/scale.js'
import { Soak } from './soak.js'
import { FAULTS } from './soak-faults.js'

const ROUNDS = scaled(4)
/** `REVOCADE_TEST_FAULT` chooses the faults whose names contain it. */
const chosen = Object.entries(FAULTS).filter(([name]) => name.includes(process.env.REVOCADE_TEST_FAULT ?? ''))

it(
  `engines keep their promises through ${ROUNDS} faults of processes, clocks, Redis and files`,
  { timeout: 600_000 + ROUNDS * 60_000 },
  async () => {
    const redis = await startRedis()
    const soak = await Soak.start(redis, await libfaketime())
    try {
      const sum = { faults: 0, checks: 0, changes: 0, violations: 0 }
      let left: (typeof chosen)[number][] = []
      const done: string[] = []
      while (sum.faults < ROUNDS) {
        // Each comes once before one comes again.
        if (left.length === 0) left = shuffled(chosen)
        const [name, fault] = left.pop() ?? []
        if (name === undefined || fault === undefined) throw new Error('no fault has such a name')
        const round = await soak
          .round(() => fault({ soak, redis }))
          .catch(async (error: unknown) => {
            const said = JSON.stringify(await soak.said().catch(String), null, 1)
            throw new Error(`${[...done, name].join('; ')}: ${String(error)}\n${said}`, { cause: error })
          })
        if (round.wrong.length > 0) {
          const said = JSON.stringify(await soak.said(), null, 1)
          expect.fail(`${[...done, name].join('; ')}:\n${round.wrong.slice(0, 5).join('\n')}\n${said}`)
        }
        done.push(name)
        sum.faults++
        sum.checks += round.checks
        sum.changes += round.changes
        sum.violations += round.wrong.length
      }
      report('four processes with clocks of their own; faults of processes, clocks, Redis and files', sum)
      expect(sum.checks).toBeGreaterThan(sum.faults * 100)
    } finally {
      await soak.stop()
    }
  },
)

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}
