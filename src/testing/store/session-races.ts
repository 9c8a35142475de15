import assert from 'node:assert/strict'
import type { SuiteRunner } from '../suite-runner.js'
import { digestOf, follow, read, revoke } from './fixtures.js'
import {
  asListed,
  commit,
  familyOf,
  listed,
  put,
  session,
  type sessionTests,
  versionOf,
} from './session-fixtures.js'

type Test = ReturnType<typeof sessionTests>

const START = { seq: 0, epoch: '' }

/** Commits of refresh tokens among other commits: part of {@link storeSuite}. */
export function storeSessionRaceSuite(describe: SuiteRunner['describe'], it: Test, name: string): void {
  describe(`${name}: commits of refresh tokens at the same time`, () => {
    testOrder(it)
    testRaces(it)
  })
}

/** Tests the order with other commits. */
function testOrder(it: Test): void {
  it('is no change that others follow unless it has mutations', async ({ store, sessions, another }) => {
    const { epoch } = await store.write([revoke(1)])
    const other = (await another()).store
    const before = await follow(other, START)
    for (let n = 1; n < 5; n++) await put(sessions, session(n))
    const after = await follow(other, before.position)
    assert.deepEqual([after.changes, after.position], [[], { seq: 1, epoch }])
    if (other.isCurrent !== undefined) assert.equal(other.isCurrent(), true)
    assert.equal((await store.write([revoke(2)])).written[0]?.seq, 2)
    assert.equal((await follow(other, after.position)).changes.length, 1)
  })

  it('sees what was acknowledged before it began', async ({ store, sessions, another }) => {
    const other = await another()
    const digest = digestOf(1)
    await other.store.write([revoke(1)])
    const never = [{ digest, seq: 0 }]
    assert.equal(await commit(sessions, { conditions: never, put: [session(1)] }), undefined)
    await put(other.sessions, session(2))
    const absent = [{ family: familyOf(2), version: 0 }]
    assert.equal(await commit(sessions, { conditions: absent, mutations: [revoke(2)] }), undefined)
    assert.equal(await read(store, 2), undefined)
  })

  it('takes its turn between writes, however many wait', async ({ store, sessions }) => {
    const rounds = Array.from({ length: 40 }, (_, n) => n)
    const results = await Promise.all(
      rounds.flatMap((n) => [
        store.write([revoke(n)]),
        commit(sessions, { put: [session(n)], mutations: [revoke(n + 1000)] }),
        // Here the commit before it stands, or it does not; never a part.
        commit(sessions, { conditions: [{ digest: digestOf(n + 1000), seq: 0 }], put: [session(n + 500)] }),
      ]),
    )
    const numbers = results.flatMap((committed) => committed?.written.map(({ seq }) => seq) ?? [])
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 80 }, (_, i) => i + 1),
    )
    assert.ok((await sessions.page(undefined, 1000)).length >= 40)
  })
}

/** Tests commits at the same time, of which one may win. */
function testRaces(it: Test): void {
  it('is made once of many on the same condition, in one store and in several', async ({
    sessions,
    another,
  }) => {
    const stores = [sessions, (await another()).sessions, (await another()).sessions]
    await put(sessions, session(1))
    for (let round = 0; round < 10; round++) {
      const version = await versionOf(sessions, 1)
      const conditions = [{ family: familyOf(1), version }]
      const results = await Promise.all(
        Array.from({ length: 12 }, async (_, n) => {
          const store = stores[n % stores.length] ?? sessions
          const next = session(1, { state: Uint8Array.of(round, n) })
          return (await commit(store, { conditions, put: [next] })) === undefined ? [] : [n]
        }),
      )
      const winners = results.flat()
      assert.equal(winners.length, 1)
      assert.deepEqual([...((await sessions.get(familyOf(1)))?.state ?? [])], [round, winners[0]])
    }
  })

  it('lets a group never grow past a bound that its conditions keep', async ({ sessions, another }) => {
    const stores = [sessions, (await another()).sessions]
    const group = { sub: 'user' }
    const logIn = async (n: number): Promise<void> => {
      const store = stores[n % 2] ?? sessions
      for (;;) {
        const rows = await listed(store, group)
        const conditions = [asListed(group, rows)]
        const oldest = rows.length < 3 ? [] : rows.slice(0, 1).map((row) => ({ ...row, sub: 'ended' }))
        if ((await commit(store, { conditions, put: [...oldest, session(n)] })) !== undefined) return
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, n) => logIn(n)))
    assert.equal((await listed(sessions, group)).length, 3)
    assert.equal((await listed(sessions, { sub: 'ended' })).length, 13)
  })
}
