import assert from 'node:assert/strict'
import type { SessionCondition } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { digestOf, follow, NOW, read, revoke, unrevoke } from './fixtures.js'
import {
  commit,
  familyOf,
  groupUnchanged,
  put,
  session,
  type SessionFixture,
  type sessionTests,
  sidsOf,
  unchanged,
  versionOf,
} from './session-fixtures.js'

type Test = ReturnType<typeof sessionTests>

/** Conditional commits: part of {@link storeSuite}. */
export function storeSessionCommitSuite(describe: SuiteRunner['describe'], it: Test, name: string): void {
  describe(`${name}: a conditional commit of refresh tokens`, () => {
    testConditions(it)
    testWholeness(it)
  })
}

/** Expects that a condition holds, or not: the commit puts a row, or writes nothing. */
async function expectHolds(
  { store, sessions }: Pick<SessionFixture, 'store' | 'sessions'>,
  condition: SessionCondition,
  holds: boolean,
): Promise<void> {
  const n = 900
  const [before, revoked] = [await versionOf(sessions, n), (await read(store, n))?.seq]
  const { seq } = store.stats()
  const mutations = [revoke(n, { expiresAt: NOW / 1000 + seq + 5 })]
  const parts = { conditions: [condition], put: [session(n, { sub: 'witness' })], mutations }
  const committed = await commit(sessions, parts)
  assert.deepEqual([committed?.written.map((one) => one.seq)], holds ? [[seq + 1]] : [undefined])
  assert.equal((await versionOf(sessions, n)) > before, holds)
  assert.equal((await read(store, n))?.seq, holds ? seq + 1 : revoked)
}

/** Tests each kind of condition, when it holds and when it does not. */
function testConditions(it: Test): void {
  it('judges the version of a row', async ({ store, sessions, another }) => {
    const fixture = { store, sessions }
    const [one, two] = [familyOf(1), familyOf(2)]
    await expectHolds(fixture, { family: one, version: 0 }, true)
    await expectHolds(fixture, { family: one, version: 1 }, false)
    await put(sessions, session(1), session(2))
    const version = await versionOf(sessions, 1)
    await expectHolds(fixture, { family: one, version }, true)
    for (const other of [0, version - 1, version + 1])
      await expectHolds(fixture, { family: one, version: other }, false)
    await expectHolds(fixture, { family: two, version }, false)
    await put((await another()).sessions, session(1))
    await expectHolds(fixture, { family: one, version }, false)
    // The row is gone when another one has its login.
    await put(sessions, session(3, { sid: 'login-2' }))
    await expectHolds(fixture, { family: two, version: 0 }, true)
  })

  it('judges the rows of a user and of a login', async ({ store, sessions }) => {
    const fixture = { store, sessions }
    for (const group of [{ sub: 'user' }, { sid: 'login' }]) {
      await expectHolds(fixture, { group: { sub: 'nobody' }, rows: 0, newest: 0 }, true)
      const login = (n: number) => session(n, { sid: 'login', clientId: `app-${n}` })
      await put(sessions, login(1), login(2))
      const now = await groupUnchanged(sessions, group)
      await expectHolds(fixture, now, true)
      await expectHolds(fixture, { ...now, newest: now.newest + 9 }, true)
      await expectHolds(fixture, { ...now, newest: now.newest - 1 }, false)
      await expectHolds(fixture, { ...now, rows: now.rows + 1 }, false)
      await expectHolds(fixture, { ...now, rows: now.rows - 1 }, false)
      await put(sessions, login(1))
      await expectHolds(fixture, now, false)
      const later = await groupUnchanged(sessions, group)
      // One row leaves, another comes: as many as before.
      await put(sessions, session(1, { sub: 'gone', sid: 'gone' }), login(3))
      await expectHolds(fixture, later, false)
      await expectHolds(fixture, await groupUnchanged(sessions, group), true)
      await put(sessions, session(2, { sub: 'gone', sid: 'gone too' }))
      await expectHolds(fixture, { group, rows: 1, newest: Number.MAX_SAFE_INTEGER }, true)
      await put(sessions, session(3, { sub: 'gone', sid: 'gone three' }))
    }
  })

  it('judges the number of a revocation, tombstone or not', async ({ store, sessions }) => {
    const fixture = { store, sessions }
    const digest = digestOf(1)
    await expectHolds(fixture, { digest, seq: 0 }, true)
    await expectHolds(fixture, { digest, seq: 1 }, false)
    const [revoked] = (await store.write([revoke(1)])).written
    assert.ok(revoked !== undefined)
    await expectHolds(fixture, { digest, seq: revoked.seq }, true)
    await expectHolds(fixture, { digest, seq: 0 }, false)
    const [buried] = (await store.write([unrevoke(1)])).written
    assert.ok(buried !== undefined)
    await expectHolds(fixture, { digest, seq: revoked.seq }, false)
    await expectHolds(fixture, { digest, seq: 0 }, false)
    await expectHolds(fixture, { digest, seq: buried.seq }, true)
  })
}

/** Tests that a commit is made as a whole or not at all. */
function testWholeness(it: Test): void {
  it('is made only if all conditions hold, before its own changes', async ({ store, sessions }) => {
    await put(sessions, session(1), session(2))
    await store.write([revoke(1)])
    const holding: SessionCondition[] = [
      await unchanged(sessions, 1),
      await unchanged(sessions, 2),
      await unchanged(sessions, 3),
      await groupUnchanged(sessions, { sub: 'user' }),
      await groupUnchanged(sessions, { sid: 'login-1' }),
      { digest: digestOf(1), seq: 1 },
    ]
    const parts = {
      put: [session(1, { sub: 'next' }), session(3)],
      mutations: [revoke(2), unrevoke(1)],
      salt: { minute: 3, salt: digestOf(7) },
    }
    for (let i = 0; i < holding.length; i++) {
      const conditions = holding.with(i, { family: familyOf(2), version: 0 })
      assert.equal(await commit(sessions, { ...parts, conditions }), undefined)
    }
    assert.deepEqual(await sidsOf(sessions, { sub: 'user' }), ['login-1', 'login-2'])
    assert.equal(await sessions.salt(3), undefined)
    assert.deepEqual([(await read(store, 1))?.revoked, await read(store, 2)], [true, undefined])
    const committed = await commit(sessions, { ...parts, conditions: holding })
    assert.deepEqual(
      committed?.written.map(({ seq }) => seq),
      [2, 3],
    )
    assert.deepEqual(await sidsOf(sessions, { sub: 'user' }), ['login-2', 'login-3'])
    assert.ok(await sessions.salt(3))
    assert.deepEqual([(await read(store, 1))?.revoked, (await read(store, 2))?.seq], [false, 2])
  })

  it('reports its mutations as a write does', async ({ store, sessions, another }) => {
    const written = await store.write([revoke(1)])
    const expiresAt = NOW / 1000 + 7200
    const committed = await commit(sessions, {
      mutations: [revoke(1, { expiresAt }), unrevoke(5), revoke(2)],
    })
    assert.deepEqual(committed?.written, [
      { seq: 2, expiresAt, already: true },
      { seq: 0, expiresAt: 0, already: false },
      { seq: 3, expiresAt: NOW / 1000 + 3600, already: false },
    ])
    if (store.contains !== undefined) assert.equal(committed.previous, written.epoch)
    const { changes, position } = await follow((await another()).store, { seq: 1, epoch: written.epoch })
    assert.deepEqual(
      changes.map(({ seq }) => seq),
      [2, 3],
    )
    assert.deepEqual(position, { seq: 3, epoch: committed.epoch })
  })
}
