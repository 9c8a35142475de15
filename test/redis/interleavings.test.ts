import fc from 'fast-check'
import type { Target } from 'revocade'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RedisLayer } from '#dist/redis/redis-layer.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { type Ack, brokenPromise, type Check, type Fact, type Moment } from '../support/promises.js'
import { GatedClient } from '../support/redis/gated-client.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { histories, report, scaled } from '../support/scale.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

// The proof of decision 10, tried: two engines, each publisher, refiller and reader at once, on one store that answers late and may
// be set back to a backup, with a real Redis between them that forgets everything, or goes back with a single bucket, at any
// moment. The scheduler decides when each command reaches the server and when its reply comes. L0 says "maybe" to all, so that
// every check with a live lease asks Redis unless it has a cached verdict.

const STALENESS_MS = 100
const TOKENS = ['a', 'b', 'c'].map((jti) => ({ jti, sub: 'alice', exp: FAR_FUTURE }))
const IDS = TOKENS.map(({ jti }): Target => ({ kind: 'id', claim: 'jti', id: jti }))
const ALICE: Target = { kind: 'selector', where: { sub: 'alice' } }

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'revoke' as const,
        'unrevoke' as const,
        'check' as const,
        'check' as const,
        'check' as const,
      ),
      engine: fc.nat(1),
      token: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('revokeWhere' as const, 'unrevokeWhere' as const),
      engine: fc.nat(1),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('poll' as const, 'poll' as const, 'poll' as const, 'refill' as const),
      engine: fc.nat(1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('flush' as const, 'keep' as const, 'roll back' as const),
      key: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('back up' as const, 'restore' as const, 'divide' as const) }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), messages: fc.constantFrom(1, 2, 3, 5, 100) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const some = (minLength: number, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(step, { minLength, maxLength, size: 'max' })
const ALL: Step[] = [
  { do: 'deliver', messages: 100 },
  { do: 'deliver', messages: 100 },
]
/** Anything, or what chance alone seldom brings about: Redis is filled from a history that then is no more. */
const plans = fc.oneof(
  some(20, 90),
  fc
    .tuple(some(0, 10), some(4, 15), some(5, 40))
    .map(([before, lost, after]): Step[] => [
      ...before,
      ...ALL,
      { do: 'back up' },
      ...lost,
      ...ALL,
      { do: 'restore' },
      ...after,
    ]),
)

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})

describe('two engines on one store that answers late, and a Redis that forgets', () => {
  const seen = {
    active: 0,
    revoked: 0,
    redis: 0,
    cache: 0,
    store: 0,
    restored: 0,
    rolledBack: 0,
    conflicts: 0,
  }

  it('keep the promises in every order of requests and replies', async () => {
    const direct = redis.client()
    const client = redis.client()
    await direct.ping()
    await client.ping()
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), plans, async (scheduler, plan) => {
        await direct.flushall()
        const clock = new ManualClock()
        let tick = 0
        const now = (): Moment => ({ tick: ++tick, ms: clock.wall })
        const store = new ModelStore()
        const gates = [new GatedClient(client), new GatedClient(client)]
        const layers = gates.map(
          (commands) =>
            new RedisLayer({
              connections: {
                commands,
                subscriber: commands.duplicate(),
                handedIn: true,
                description: 'test',
              },
              timeoutMs: 60_000,
              keyPrefix: 'test',
              reads: 'before-store',
              storeId: 'model',
              namespace: 'default',
              source: store.buckets,
              clock,
              logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
            }),
        )
        await Promise.all(layers.map((layer) => layer.start()))
        const options = { clock, maxStalenessMs: STALENESS_MS, prefilter: { kind: 'none' } } as const
        const engines = [
          await engineHarness(store, { ...options, shared: layers[0] }),
          await engineHarness(store, { ...options, shared: layers[1] }),
        ]
        const gate = (label: string): Promise<void> => scheduler.schedule(Promise.resolve(), label)
        store.gate = gate
        for (const gated of gates) gated.gate = gate
        const settled = (): Promise<unknown> => Promise.all(gates.map((gated) => gated.settled()))

        const facts: Fact[] = []
        const acks: Ack[] = []
        const checks: Check[] = []
        const state = new Map<string, boolean>()
        const commit = (target: string, revoked: boolean, write?: string): void => {
          state.set(target, revoked)
          facts.push({ target, revoked, write, at: now() })
        }
        store.onCommit = (target, revoked, write) => commit(JSON.stringify(target), revoked, write)
        let restore = (): void => undefined
        const kept: { key: string; dump: Buffer }[] = []

        const polling = [false, false]
        const poll = async (engine: number): Promise<void> => {
          if (polling[engine]) return
          polling[engine] = true
          await engines[engine].sync.poll().finally(() => (polling[engine] = false))
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
          switch (step.do) {
            case 'wait':
              clock.advance(step.ms)
              break
            case 'deliver':
              for (let i = 0; i < step.messages && scheduler.count() > 0; i++) {
                await scheduler.waitNext(1)
                await settled()
              }
              break
            case 'flush':
              await direct.flushall()
              break
            case 'keep':
              for (const key of await direct.keys('*')) {
                kept.push({ key, dump: await direct.dumpBuffer(key) })
              }
              break
            case 'roll back': {
              if (kept.length === 0) break
              const { key, dump } = kept[step.key % kept.length]
              await direct.restore(key, 0, dump, 'REPLACE')
              seen.rolledBack++
              break
            }
            case 'back up': {
              const [put, then] = [store.backup(), new Map(state)]
              restore = () => {
                put()
                seen.restored++
                for (const target of state.keys())
                  if (state.get(target) !== (then.get(target) ?? false))
                    commit(target, then.get(target) ?? false)
              }
              break
            }
            case 'restore':
              restore()
              break
            case 'divide':
              underWay.push(store.buckets.split(2))
              break
            case 'refill':
              layers[step.engine].prefixCache.versionsLoaded()
              break
            case 'poll':
              underWay.push(poll(step.engine))
              break
            default: {
              const { engine } = step
              const { lookup, writer } = engines[engine]
              const n = 'token' in step ? step.token : 0
              const [token, id] = [TOKENS[n], IDS[n]]
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
                      if (decidedBy === 'redis' || decidedBy === 'cache' || decidedBy === 'store')
                        seen[decidedBy]++
                    }),
                  )
                }
              }
            }
          }
        }
        await scheduler.waitFor(Promise.all(underWay))
        store.gate = undefined
        for (const gated of gates) gated.gate = undefined
        const closing = layers.map((layer) => layer.close())
        await scheduler.waitFor(Promise.all(closing))
        for (const layer of layers) seen.conflicts += layer.stats().conflicts
        for (const check of checks) expect(brokenPromise(check, facts, acks, STALENESS_MS)).toBeUndefined()
      }),
      histories(300),
    )
  }, 3_600_000)

  // The property is no use if the runs never get to the interesting places.
  afterAll(() => {
    report('two engines, one store and one Redis that answer late', { histories: scaled(300), ...seen })
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50)
  })
})

const ignore = (): void => undefined
