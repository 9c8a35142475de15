import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Committed, Mutation } from '#dist/ports/index.js'
import { RedisStore } from '#dist/store/redis/index.js'
import { follow, id, openStore, revoke, unrevoke } from '#dist/testing/store/fixtures.js'
import { startProxy } from '../support/redis/proxy.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { histories } from '../support/scale.js'
import { DURABLE, openRedisStore } from './support.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ args: DURABLE })
})
afterAll(() => redis.stop())

const DIGESTS = 12

const write = fc.record({
  does: fc.constant('write' as const),
  by: fc.nat(1),
  batch: fc.array(fc.record({ n: fc.nat(DIGESTS - 1), takesBack: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  }),
})
const step = fc.oneof(
  { weight: 6, arbitrary: write },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constantFrom('cut' as const, 'reset' as const, 'wait' as const),
      by: fc.nat(1),
      bytes: fc.nat(30),
    }),
  },
)

interface Call {
  readonly mutations: readonly Mutation[]
  readonly committed: Committed | undefined
}

let runs = 0

it('each commit is made once or not at all, whatever becomes of the answers', async () => {
  let [all, open] = [0, 0]
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const proxies = [await startProxy(redis), await startProxy(redis)]
    const stores: RedisStore[] = []
    for (const { url } of proxies) {
      const store = new RedisStore(`${url}?prefix=run-${runs}`, { writeTimeoutMs: 2000 })
      await openStore(store)
      stores.push(store)
    }
    runs++
    const calls: Promise<Call>[] = []
    for (const action of steps) {
      if (action.does === 'write') {
        const mutations = action.batch.map(({ n, takesBack }) => (takesBack ? unrevoke(n) : revoke(n)))
        const committed = stores[action.by]?.write(mutations).catch(() => undefined)
        calls.push(Promise.resolve(committed).then((done) => ({ mutations, committed: done })))
      }
      if (action.does === 'cut') proxies[action.by]?.truncate(action.bytes)
      if (action.does === 'reset') proxies[action.by]?.reset()
      // Some calls are then in one batch, some in several.
      if (action.does === 'wait') await calls.at(-1)
      else await new Promise(setImmediate)
    }
    const done = await Promise.all(calls)
    all += done.length
    open += done.filter(({ committed }) => committed === undefined).length
    await expectOnce(done)
    for (const store of stores) await store.close()
    for (const proxy of proxies) proxy.stop()
  })
  await fc.assert(property, histories(40))
  // Those are open that found no connection: an answer that was lost is found again.
  expect(open).toBeLessThan(all / 2)
})

/** What each number was given to. No number is given twice. */
function acknowledged(calls: readonly Call[]): Map<number, string> {
  const given = new Map<number, string>()
  for (const { mutations, committed } of calls)
    for (const [i, { seq }] of (committed?.written ?? []).entries()) {
      expect(given.has(seq)).toBe(false)
      const mutation = mutations[i]
      if (seq > 0 && mutation !== undefined) given.set(seq, `${mutation.op} ${id(mutation.digest)}`)
    }
  return given
}

/** The rows are those of the last numbers, and what nobody was told of is of a call that was not answered. */
async function expectOnce(calls: readonly Call[]): Promise<void> {
  const given = acknowledged(calls)
  const open = calls.filter(({ committed }) => committed === undefined).flatMap(({ mutations }) => mutations)
  const store = await openRedisStore(`${redis.url}?prefix=run-${runs - 1}`)
  const { changes, position } = await follow(store, { seq: 0, epoch: '' })
  await store.close()
  expect(position.seq).toBeGreaterThanOrEqual(given.size)
  expect(position.seq).toBeLessThanOrEqual(given.size + open.length)
  for (const { digest, seq, revoked } of changes) {
    const what = `${revoked ? 'revoke' : 'unrevoke'} ${id(digest)}`
    const known = given.get(seq)
    if (known === undefined) expect(open.map((one) => `${one.op} ${id(one.digest)}`)).toContain(what)
    else expect(known).toBe(what)
    const later = [...given].filter(([other, of]) => other > seq && of.endsWith(id(digest)))
    expect(later).toEqual([])
  }
}
