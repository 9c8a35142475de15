import fc from 'fast-check'
import type { Target } from 'revocade'
import { describe, expect, it } from 'vitest'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { type Ack, brokenPromise, type Check, type Fact, type Moment } from '../support/promises.js'
import { histories, report, scaled } from '../support/scale.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

// What if the revocation lands between these two lines? The store answers late, and a scheduler decides in
// which order its requests and replies arrive. The history is held against the promises of
// docs/guarantees.md.

const STALENESS_MS = 100
const TOKENS = ['a', 'b', 'c'].map((jti) => ({ jti, sub: 'alice', exp: FAR_FUTURE }))
const ALICE: Target = { kind: 'selector', where: { sub: 'alice' } }

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('revoke' as const, 'unrevoke' as const, 'check' as const, 'check' as const),
        engine: fc.nat(1),
        token: fc.nat(2),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('revokeWhere' as const, 'unrevokeWhere' as const),
        engine: fc.nat(1),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('poll' as const, 'poll' as const, 'rebuild' as const),
        engine: fc.nat(1),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120 }) }),
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

describe('two engines on one store that answers late', () => {
  for (const kind of ['exact', 'trie'] as const) {
    it(`keep the promises in every order of requests and replies (${kind})`, async () => {
      const seen = { active: 0, revoked: 0, prefilter: 0, cache: 0 }
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), steps, async (scheduler, plan) => {
          const clock = new ManualClock()
          let tick = 0
          const now = (): Moment => ({ tick: ++tick, ms: clock.wall })
          const store = new ModelStore()
          // 8 bits: L0 is often wrong, so that cache and store have work.
          const options = {
            clock,
            maxStalenessMs: STALENESS_MS,
            prefilter: kind === 'trie' ? { kind, prefixBits: 8 } : { kind },
          } as const
          const engines = [await engineHarness(store, options), await engineHarness(store, options)]
          store.gate = (label) => scheduler.schedule(Promise.resolve(), label)

          const facts: Fact[] = []
          const acks: Ack[] = []
          const checks: Check[] = []
          store.onCommit = (target, revoked, write) =>
            void facts.push({ target: JSON.stringify(target), revoked, write, at: now() })

          const polling = [false, false]
          const rebuilding = [false, false]
          const only = async (
            busy: boolean[],
            engine: number,
            work: () => Promise<unknown>,
          ): Promise<void> => {
            if (busy[engine]) return
            busy[engine] = true
            await work().finally(() => (busy[engine] = false))
          }
          const revoke = async (
            engine: number,
            target: Target,
            work: (reason: string) => Promise<unknown>,
          ): Promise<void> => {
            const write = String(++tick)
            await work(write)
            acks.push({ engine, target: JSON.stringify(target), write, at: now() })
          }

          const underWay: Promise<unknown>[] = []
          for (const step of plan) {
            if (step.do === 'wait') clock.advance(step.ms)
            else if (step.do === 'deliver') {
              for (let i = 0; i < step.messages && scheduler.count() > 0; i++) {
                await scheduler.waitNext(1)
                // What the message sets going sends its own within a few turns of the microtask queue.
                for (let turn = 0; turn < 20; turn++) await Promise.resolve()
              }
            } else {
              const { engine } = step
              const harness = engines[engine]
              if (harness === undefined) throw new RangeError('there is no such engine')
              const { lookup, writer, sync, live } = harness
              const token = TOKENS['token' in step ? step.token : 0]
              if (token === undefined) throw new RangeError('there is no such token')
              const id: Target = { kind: 'id', claim: 'jti', id: token.jti }
              switch (step.do) {
                case 'revoke':
                  underWay.push(revoke(engine, id, (reason) => writer.revoke(token, { reason })))
                  break
                case 'unrevoke':
                  underWay.push(writer.unrevoke(token))
                  break
                case 'revokeWhere':
                  underWay.push(
                    revoke(engine, ALICE, (reason) => writer.revokeWhere({ sub: 'alice' }, { reason })),
                  )
                  break
                case 'unrevokeWhere':
                  underWay.push(writer.unrevokeWhere({ sub: 'alice' }))
                  break
                case 'poll':
                  underWay.push(only(polling, engine, () => sync.poll()))
                  break
                case 'rebuild':
                  underWay.push(only(rebuilding, engine, () => live.rebuild(store)))
                  break
                case 'check': {
                  const start = now()
                  underWay.push(
                    lookup.check(token).then(({ status, decidedBy }) => {
                      checks.push({
                        engine,
                        targets: [JSON.stringify(id), JSON.stringify(ALICE)],
                        start,
                        end: now(),
                        status,
                      })
                      if (status !== 'unknown') seen[status]++
                      if (decidedBy === 'prefilter' || decidedBy === 'cache') seen[decidedBy]++
                    }),
                  )
                }
              }
            }
          }
          await scheduler.waitFor(Promise.all(underWay))
          for (const check of checks) expect(brokenPromise(check, facts, acks, STALENESS_MS)).toBeUndefined()
        }),
        histories(600),
      )
      report(`two engines on one store that answers late (${kind})`, {
        histories: scaled(600),
        ...seen,
        violations: 0,
      })
      // The property is no use if the runs never get to the interesting places.
      for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
    })
  }
})
