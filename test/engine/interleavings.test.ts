import fc from 'fast-check'
import type { Target } from 'revocade'
import { describe, expect, it } from 'vitest'
import { AtOnceStore } from '../support/at-once-store.js'
import { engineHarness } from '../support/engine-harness.js'
import { type Action, oneByOne, only, type Step, steps } from '../support/interleaving-steps.js'
import { ModelStore } from '../support/model-store.js'
import { Recorder } from '../support/recorder.js'
import { histories, report, scaled } from '../support/scale.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

// What if the revocation lands between these two lines? The store answers late; or it answers reads at once,
// as a file does, and commits late. A scheduler decides in which order requests and replies arrive. The
// history is held against the promises of docs/guarantees.md.

const STALENESS_MS = 100
const TOKENS = ['a', 'b', 'c'].map((jti) => ({ jti, sub: 'alice', exp: FAR_FUTURE }))
const ALICE: Target = { kind: 'selector', where: { sub: 'alice' } }

type Harness = Awaited<ReturnType<typeof engineHarness>>
type Seen = Record<'active' | 'revoked' | 'prefilter' | 'cache' | 'atOnce', number>
/** The prefilter, and how the store answers. */
type How = { kind: Kind; answers: Answers; store?: ModelStore }
type LostSeen = Record<'common' | 'rebuilt' | 'rewritten', number>
type Answers = 'late' | 'at once'
type Kind = 'exact' | 'trie' | 'fuse'

/** Two engines on one store, what is under way, and the history so far. */
class Run {
  readonly #scheduler: fc.Scheduler
  readonly #seen: Seen
  readonly #clock = new ManualClock()
  readonly #store: ModelStore
  /** What restores the states that the store was in, oldest first. */
  readonly #states: (() => void)[] = []
  readonly #engines: Harness[] = []
  readonly #recorder = new Recorder(this.#clock)
  readonly #polling = [false, false]
  readonly #rebuilding = [false, false]
  readonly #underWay: Promise<unknown>[] = []

  private constructor(scheduler: fc.Scheduler, seen: Seen, store: ModelStore) {
    this.#scheduler = scheduler
    this.#seen = seen
    this.#store = store
  }

  static async open(scheduler: fc.Scheduler, how: How, seen: Seen): Promise<Run> {
    const { kind, answers, store = new ModelStore() } = how
    const run = new Run(scheduler, seen, store)
    // 8 bits: the prefilter is often wrong, so that cache and store have work.
    const options = {
      clock: run.#clock,
      maxStalenessMs: STALENESS_MS,
      prefilter: kind === 'trie' ? { kind, prefixBits: 8 } : { kind },
      cacheEntries: answers === 'late' ? 1000 : 2, // verdicts are evicted all the time
    } as const
    for (let i = 0; i < 2; i++)
      run.#engines.push(await engineHarness(answers === 'late' ? store : new AtOnceStore(store), options))
    for (const { live } of run.#engines) live.rebuild = oneByOne(live.rebuild.bind(live))
    store.gate = (label) => scheduler.schedule(Promise.resolve(), label)
    const recorder = run.#recorder
    store.onCommit = (target, revoked, write) =>
      void recorder.facts.push({ target: JSON.stringify(target), revoked, write, at: recorder.now() })
    return run
  }

  async take(step: Step): Promise<void> {
    this.#states.push(this.#store.backup())
    if (step.do === 'failOver') this.#failOver(step.back)
    else if (step.do === 'cut') throw new Error('this store has no connection to lose')
    else if (step.do === 'wait') this.#clock.advance(step.ms)
    else if (step.do === 'deliver') await this.#deliver(step.messages)
    else this.#underWay.push(this.#start(step))
  }

  /** Lets all come to its end, and holds it against the promises. */
  async end(): Promise<void> {
    await this.#scheduler.waitFor(Promise.all(this.#underWay))
    this.#recorder.expectPromisesKept(STALENESS_MS)
  }

  /** What the engines have noticed of failovers. */
  countLosses(lost: LostSeen): void {
    for (const { sync, live, own } of this.#engines) {
      lost.common += sync.divergences
      lost.rebuilt += live.rebuilds - 1
      lost.rewritten += own.counts.rewritten
    }
  }

  /** The store goes back to an earlier state, perhaps one of a history that it had left. */
  #failOver(back: number): void {
    const standing = (): Map<string, boolean> =>
      new Map(this.#store.rows.map(({ target, revoked }) => [JSON.stringify(target), revoked]))
    this.#recorder.goBack(standing, () => this.#states.at(-1 - back)?.())
  }

  async #deliver(messages: number): Promise<void> {
    for (let i = 0; i < messages && this.#scheduler.count() > 0; i++) {
      await this.#scheduler.waitNext(1)
      // What the message sets going sends its own within a few turns of the microtask queue.
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    }
  }

  #start(step: Action): Promise<unknown> {
    const { engine } = step
    const harness = this.#engines[engine]
    if (harness === undefined) throw new RangeError('there is no such engine')
    const { writer, sync, live } = harness
    const token = TOKENS['token' in step ? step.token : 0]
    if (token === undefined) throw new RangeError('there is no such token')
    switch (step.do) {
      case 'revoke':
        return this.#revoke(engine, idOf(token.jti), (reason) => writer.revoke(token, { reason }))
      case 'unrevoke':
        return writer.unrevoke(token)
      case 'revokeWhere':
        return this.#revoke(engine, ALICE, (reason) => writer.revokeWhere({ sub: 'alice' }, { reason }))
      case 'unrevokeWhere':
        return writer.unrevokeWhere({ sub: 'alice' })
      case 'poll':
        return only(this.#polling, engine, () => sync.poll())
      case 'rebuild':
        return only(this.#rebuilding, engine, () => live.rebuild(this.#store))
      case 'check':
        return this.#check(harness, engine, token)
      case 'ask':
        return this.#ask(harness, engine, token)
    }
  }

  #revoke(engine: number, target: Target, work: (reason: string) => Promise<unknown>): Promise<void> {
    return this.#recorder.revoke(engine, JSON.stringify(target), work)
  }

  #check({ lookup }: Harness, engine: number, token: (typeof TOKENS)[number]): Promise<void> {
    const targets = targetsOf(token.jti)
    const recorder = this.#recorder
    const start = recorder.now()
    return lookup.check(token).then(({ status, decidedBy }) => {
      recorder.checks.push({ engine, targets, start, end: recorder.now(), status })
      if (status !== 'unknown') this.#seen[status]++
      if (decidedBy === 'prefilter' || decidedBy === 'cache') this.#seen[decidedBy]++
    })
  }

  /** An answer at once is held against the promises as of the call, and not of when it is awaited. */
  #ask({ lookup }: Harness, engine: number, token: (typeof TOKENS)[number]): Promise<void> {
    const recorder = this.#recorder
    const start = recorder.now()
    const decisions = (): number => Object.values(lookup.decided).reduce((sum, count) => sum + count)
    const before = decisions()
    const answer = lookup.isRevoked(token)
    const atOnce = decisions() > before ? recorder.now() : undefined
    if (atOnce !== undefined) this.#seen.atOnce++
    const told = answer.then(
      (revoked) => (revoked ? 'revoked' : 'active'),
      () => 'unknown' as const,
    )
    return told.then((status) => {
      const targets = targetsOf(token.jti)
      recorder.checks.push({ engine, targets, start, end: atOnce ?? recorder.now(), status })
      if (status !== 'unknown') this.#seen[status]++
    })
  }
}

const idOf = (jti: string): Target => ({ kind: 'id', claim: 'jti', id: jti })
const targetsOf = (jti: string): string[] => [JSON.stringify(idOf(jti)), JSON.stringify(ALICE)]

const CASES: readonly (readonly [Answers, Kind])[] = [
  ['late', 'exact'],
  ['late', 'trie'],
  ['late', 'fuse'],
  ['at once', 'exact'],
  ['at once', 'trie'],
]

for (const [answers, kind] of CASES) {
  describe(`two engines on one store that answers ${answers}`, () => {
    it(`keep the promises in every order of requests and replies (${kind})`, async () => {
      const seen = { active: 0, revoked: 0, prefilter: 0, cache: 0, atOnce: 0 }
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), steps(0), async (scheduler, plan) => {
          const run = await Run.open(scheduler, { kind, answers }, seen)
          for (const step of plan) await run.take(step)
          await run.end()
        }),
        histories(600),
      )
      report(`two engines on one store that answers ${answers} (${kind})`, {
        histories: scaled(600),
        ...seen,
        violations: 0,
      })
      // The property is no use if the runs never get to the interesting places.
      for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
    })
  })
}

describe('two engines on one store that answers late and loses commits', () => {
  for (const kind of ['exact', 'trie'] as const) {
    it(`keep the promises in every order of requests, replies and failovers (${kind})`, async () => {
      const seen = { active: 0, revoked: 0, prefilter: 0, cache: 0, atOnce: 0 }
      const lost = { common: 0, rebuilt: 0, rewritten: 0 }
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), steps(2), async (scheduler, plan) => {
          const store = new ModelStore({ epochEachCommit: true })
          const run = await Run.open(scheduler, { kind, answers: 'late', store }, seen)
          for (const step of plan) await run.take(step)
          await run.end()
          run.countLosses(lost)
        }),
        histories(600),
      )
      report(`two engines on one store that answers late and loses commits (${kind})`, {
        ...{ histories: scaled(600), violations: 0 },
        ...seen,
        ...lost,
      })
      // Each poll empties the verdict cache of such a store.
      for (const [what, count] of Object.entries({ ...seen, ...lost }))
        expect(count, what).toBeGreaterThan(what === 'cache' ? 10 : 50)
    })
  }
})
