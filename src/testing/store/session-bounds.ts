import assert from 'node:assert/strict'
import type { SessionRow } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { follow, revoke, wordsOf } from './fixtures.js'
import { bytes, commit, familyOf, listed, put, session, type sessionTests } from './session-fixtures.js'

type Test = ReturnType<typeof sessionTests>

/** The bounds of refresh tokens in a store: part of {@link storeSuite}. */
export function storeSessionBoundSuite(describe: SuiteRunner['describe'], it: Test, name: string): void {
  describe(`${name}: bounds of refresh tokens`, () => {
    testBounds(it)
    testRefusals(it)
  })
}

/** Tests the largest rows, and what is refused. */
function testBounds(it: Test): void {
  it('keeps the largest rows, and many in one commit', async ({ store, sessions }) => {
    const long = { sid: '\u{ffee}'.repeat(255), clientId: '𝄞'.repeat(127), sub: 'ü'.repeat(255) }
    await put(sessions, session(0, { ...long, state: bytes(2048) }))
    const found = await sessions.get(familyOf(0))
    assert.deepEqual(
      [found?.sid, found?.clientId, found?.sub, Buffer.from(found?.state ?? [])],
      [long.sid, long.clientId, long.sub, Buffer.from(bytes(2048))],
    )
    await put(
      sessions,
      session(1, { state: new Uint8Array(0), createdAt: 0, purgeAt: 8_640_000_000_000_000 }),
    )
    assert.deepEqual(
      [(await sessions.get(familyOf(1)))?.state.length, (await sessions.get(familyOf(1)))?.purgeAt],
      [0, 8_640_000_000_000_000],
    )
    const many = Array.from({ length: 2000 }, (_, n) => session(n + 10, { sub: 'many' }))
    const committed = await commit(sessions, { put: many, mutations: many.map((_, n) => revoke(n)) })
    assert.equal(committed?.written.at(-1)?.seq, 2000)
    assert.equal((await listed(sessions, { sub: 'many' })).length, 2000)
    assert.equal((await follow(store, { seq: 0, epoch: '' })).position.seq, 2000)
  })

  it('refuses every call when the store is closed, after the accepted commits', async ({
    store,
    sessions,
    another,
  }) => {
    const committing = commit(sessions, { put: [session(1)] })
    await store.close()
    assert.ok(await committing)
    const closed = { code: 'ERR_CLOSED' }
    await assert.rejects(commit(sessions, { put: [session(2)] }), closed)
    await assert.rejects(async () => sessions.get(familyOf(1)), closed)
    await assert.rejects(async () => sessions.list({ sub: 'user' }, undefined, 1), closed)
    await assert.rejects(async () => sessions.page(undefined, 1), closed)
    await assert.rejects(async () => sessions.salt(1), closed)
    await assert.rejects(sessions.dropSalts(1), closed)
    const later = await another()
    assert.equal((await later.sessions.page(undefined, 10)).length, 1)
  })
}

/** Tests what is refused. */
function testRefusals(it: Test): void {
  it("refuses rows and mutations that it can't keep, and writes nothing of the commit", async ({
    store,
    sessions,
  }) => {
    const wrongRows: Partial<SessionRow>[] = [
      { family: bytes(15) },
      { family: bytes(17) },
      { sid: 'x'.repeat(256) },
      { clientId: 'x'.repeat(256) },
      { sub: 'x'.repeat(256) },
      { sub: 'a\0b' },
      { sid: '\ud800' },
      { state: bytes(2049) },
    ]
    const refused = { code: 'ERR_CONFIG' }
    for (const wrong of wrongRows) {
      const rows = [session(1), session(2, wrong)]
      await assert.rejects(commit(sessions, { put: rows, mutations: [revoke(1)] }), refused)
    }
    for (const time of [-1, 0.5, Number.NaN, Infinity]) {
      const invalid = { code: 'ERR_INVALID_TIME' }
      await assert.rejects(commit(sessions, { put: [session(1), session(2, { purgeAt: time })] }), invalid)
      await assert.rejects(commit(sessions, { put: [session(1), session(2, { createdAt: time })] }), invalid)
    }
    const bad = revoke(1, { expiresAt: Number.NaN })
    const badTime = { code: 'ERR_INVALID_TIME' }
    await assert.rejects(commit(sessions, { put: [session(1)], mutations: [bad] }), badTime)
    assert.deepEqual(await sessions.page(undefined, 10), [])
    assert.equal(await store.get(wordsOf(revoke(1).digest)), undefined)
    assert.equal(store.stats().seq, 0)
  })

  it('refuses keys, conditions and salts that nothing can have', async ({ sessions }) => {
    const refused = { code: 'ERR_CONFIG' }
    for (const condition of [
      { family: bytes(3), version: 0 },
      { family: familyOf(1), version: -1 },
      { digest: bytes(3), seq: 0 },
      { digest: bytes(16), seq: 0.5 },
      { group: { sub: 'user' }, rows: Number.NaN, newest: 0 },
      { group: { sid: 'x'.repeat(256) }, rows: 0, newest: 0 },
    ])
      await assert.rejects(commit(sessions, { conditions: [condition], put: [session(1)] }), refused)
    for (const salt of [
      { minute: 1, salt: bytes(15) },
      { minute: -1, salt: bytes(16) },
    ])
      await assert.rejects(commit(sessions, { put: [session(1)], salt }), refused)
    await assert.rejects(async () => sessions.get(bytes(15)), refused)
    await assert.rejects(async () => sessions.list({ sub: 'x'.repeat(256) }, undefined, 1), refused)
    await assert.rejects(async () => sessions.page(bytes(1), 5), refused)
    assert.deepEqual(await sessions.page(undefined, 10), [])
  })
}
