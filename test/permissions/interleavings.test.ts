import fc from 'fast-check'
import { createPermissions, type Permissions } from 'revocade/permissions'
import { describe, expect, it } from 'vitest'
import { AtOnceStore } from '../support/at-once-store.js'
import { type EngineHarness, engineHarness } from '../support/engine-harness.js'
import { only } from '../support/interleaving-steps.js'
import { ModelStore } from '../support/model-store.js'
import { histories, report, scaled } from '../support/scale.js'
import { ManualClock } from '../support/time.js'
import { engineOf } from './world.js'

// What if the change lands between these two lines? Two engines keep what each loads from one database. A
// scheduler decides in which order queries, commits and polls are answered. No answer may be older than an
// invalidation that had returned: in the same engine before the question, in the other one Δ before it.

const STALENESS_MS = 100
const USER = { sub: 'u', tenant: 't' }
const WHERE = [{ sub: 'u' }, { tenant: 't' }, { sub: 'u', tenant: 't' }, {}]

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const), engine: fc.nat(1) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('change' as const), engine: fc.nat(1), where: fc.nat(4) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('poll' as const), engine: fc.nat(1) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 150 }) }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('deliver' as const),
        messages: fc.constantFrom(1, 2, 3, 5, 100),
      }),
    },
  ),
  { minLength: 10, maxLength: 80, size: 'max' },
)
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never

/** An invalidation that returned: nobody may be told of an older version. */
interface Acknowledged {
  readonly version: number
  readonly engine: number
  readonly atMs: number
}

class Run {
  readonly #scheduler: fc.Scheduler
  readonly #seen: Seen
  readonly #clock = new ManualClock()
  readonly #engines: EngineHarness[] = []
  readonly #permissions: Permissions<number>[] = []
  readonly #acknowledged: Acknowledged[] = []
  readonly #polling = [false, false]
  readonly #underWay: Promise<unknown>[] = []
  readonly #wrong: string[] = []
  /** What the database holds. */
  #version = 0

  private constructor(scheduler: fc.Scheduler, seen: Seen) {
    this.#scheduler = scheduler
    this.#seen = seen
  }

  static async open(scheduler: fc.Scheduler, answers: Answers, seen: Seen): Promise<Run> {
    const run = new Run(scheduler, seen)
    const store = new ModelStore()
    for (let i = 0; i < 2; i++) {
      const options = { clock: run.#clock, maxStalenessMs: STALENESS_MS }
      const engine = await engineHarness(answers === 'late' ? store : new AtOnceStore(store), options)
      run.#engines.push(engine)
      run.#permissions.push(
        createPermissions(engineOf(engine), {
          by: ['sub', 'tenant'],
          ttlSeconds: 3600,
          load: () => run.#load(),
        }),
      )
    }
    store.gate = (label) => scheduler.schedule(Promise.resolve(), label)
    return run
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'wait') this.#clock.advance(step.ms)
    else if (step.do === 'deliver') await this.#deliver(step.messages)
    else if (step.do === 'get') this.#underWay.push(this.#get(step.engine))
    else if (step.do === 'change') this.#underWay.push(this.#change(step.engine, step.where))
    else
      this.#underWay.push(
        only(this.#polling, step.engine, async () => this.#engines[step.engine]?.sync.poll()),
      )
  }

  async end(): Promise<void> {
    await this.#scheduler.waitFor(Promise.all(this.#underWay))
    expect(this.#wrong).toEqual([])
    for (const permissions of this.#permissions) this.#seen.hits += permissions.stats().hits
    for (const permissions of this.#permissions) this.#seen.invalidated += permissions.stats().invalidated
  }

  async #load(): Promise<number> {
    this.#seen.loads++
    await this.#scheduler.schedule(Promise.resolve(), 'query')
    const version = this.#version
    await this.#scheduler.schedule(Promise.resolve(), 'rows')
    return version
  }

  async #get(engine: number): Promise<void> {
    const now = this.#clock.wall
    const known = this.#acknowledged.filter((ack) => ack.engine === engine || ack.atMs + STALENESS_MS < now)
    const least = Math.max(0, ...known.map(({ version }) => version))
    const got = (await this.#permissions[engine]?.get(USER)) ?? -1
    if (got < least) this.#wrong.push(`engine ${engine} was told ${got} after an invalidation of ${least}`)
    if (got < this.#version) this.#seen.stale++
  }

  async #change(engine: number, where: number): Promise<void> {
    const version = ++this.#version
    if (where < WHERE.length) await this.#permissions[engine]?.invalidate(WHERE[where])
    else await this.#engines[engine]?.writer.revokeWhere({ sub: 'u' })
    this.#acknowledged.push({ version, engine, atMs: this.#clock.wall })
  }

  async #deliver(messages: number): Promise<void> {
    for (let i = 0; i < messages && this.#scheduler.count() > 0; i++) {
      await this.#scheduler.waitNext(1)
      // What the message sets going sends its own within a few turns of the microtask queue.
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    }
  }
}

type Seen = Record<'hits' | 'loads' | 'invalidated' | 'stale', number>
type Answers = 'late' | 'at once'

for (const answers of ['late', 'at once'] as const) {
  describe(`permissions of two engines on one store that answers ${answers}`, () => {
    it('are never older than an invalidation, in any order of queries, commits and polls', async () => {
      const seen: Seen = { hits: 0, loads: 0, invalidated: 0, stale: 0 }
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), steps, async (scheduler, plan) => {
          const run = await Run.open(scheduler, answers, seen)
          for (const step of plan) await run.take(step)
          await run.end()
        }),
        histories(600),
      )
      report(`permissions of two engines on one store that answers ${answers}`, {
        histories: scaled(600),
        ...seen,
        violations: 0,
      })
      // The property is no use if the runs never get to the interesting places.
      for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
    })
  })
}
