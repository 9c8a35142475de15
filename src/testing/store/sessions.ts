import assert from 'node:assert/strict'
import type { StoredSession } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { revoke } from './fixtures.js'
import type { SuiteIt } from './harness.js'
import { storeSessionBoundSuite } from './session-bounds.js'
import { storeSessionCommitSuite } from './session-commits.js'
import {
  bytes,
  commit,
  familyOf,
  listed,
  put,
  session,
  sessionTests,
  sidsOf,
  versionOf,
} from './session-fixtures.js'
import { storeSessionListSuite } from './session-lists.js'
import { storeSessionRaceSuite } from './session-races.js'

/**
 * Tests the promises of a `SessionStore`: part of {@link storeSuite}. A store without `sessions` has nothing
 * to show.
 */
export function storeSessionSuite(describe: SuiteRunner['describe'], it: SuiteIt, name: string): void {
  const test = sessionTests(it)
  describe(`${name}: a store of refresh tokens`, () => {
    testRows(test)
    testSalts(test)
    testVersions(test)
    testNames(test)
  })
  storeSessionListSuite(describe, test, name)
  storeSessionCommitSuite(describe, test, name)
  storeSessionRaceSuite(describe, test, name)
  storeSessionBoundSuite(describe, test, name)
}

type Test = ReturnType<typeof sessionTests>

const plain = (row: StoredSession | undefined): unknown =>
  row && { ...row, family: Buffer.from(row.family), state: Buffer.from(row.state) }

/** Tests what is put and read again. */
function testRows(it: Test): void {
  it('answers a row that was put, to each store on the data, and nothing for others', async ({
    sessions,
    another,
  }) => {
    const row = session(1, { sid: 'a "quoted" ü 𝄞 sid', clientId: 'app', sub: "o'user", state: bytes(110) })
    await put(sessions, row, session(2))
    const other = await another()
    for (const reader of [sessions, other.sessions]) {
      const found = await reader.get(familyOf(1))
      assert.ok(found !== undefined && found.version >= 1)
      assert.deepEqual(plain(found), plain({ ...row, version: found.version }))
      assert.deepEqual(plain((await listed(reader, { sub: row.sub }))[0]), plain(found))
      assert.equal(await reader.get(familyOf(3)), undefined)
    }
  })

  it('keeps copies of the bytes that it was given, and hands out copies', async ({ sessions }) => {
    const [family, state] = [familyOf(1), bytes(3)]
    await put(sessions, session(1, { family, state }))
    family.fill(0)
    state.fill(0)
    const found = await sessions.get(familyOf(1))
    assert.deepEqual(Buffer.from(found?.state ?? []), Buffer.from(bytes(3)))
    found?.state.fill(0)
    assert.deepEqual(Buffer.from((await sessions.get(familyOf(1)))?.state ?? []), Buffer.from(bytes(3)))
  })

  it('replaces the row of the same family, and moves it to other groups', async ({ sessions }) => {
    await put(sessions, session(1), session(2))
    const before = await versionOf(sessions, 1)
    await put(sessions, session(1, { sid: 'elsewhere', sub: 'other', state: bytes(9) }))
    assert.ok((await versionOf(sessions, 1)) > before)
    assert.deepEqual(await sidsOf(sessions, { sub: 'user' }), ['login-2'])
    assert.deepEqual(await sidsOf(sessions, { sub: 'other' }), ['elsewhere'])
    assert.deepEqual(await sidsOf(sessions, { sid: 'login-1' }), [])
    assert.deepEqual(await sidsOf(sessions, { sid: 'elsewhere' }), ['elsewhere'])
    assert.equal((await sessions.page(undefined, 10)).length, 2)
  })
}

/** Tests names that a store may keep in another form. */
function testNames(it: Test): void {
  it('tells names apart that look alike, and answers them as they were', async ({ sessions }) => {
    const id = '0f8fad5b-d9cb-469f-a165-70867728950e'
    const names = [id, id.toUpperCase(), id.replaceAll('-', ''), `${id} `]
    const more = ['', '1', '01', '1.0', 'null', '\u{e9}', 'e\u{301}', 'ß', 'ss', '𝄞', "'; --"]
    const distinct = [...names, ...more]
    for (const [n, name] of distinct.entries())
      await put(sessions, session(n, { sid: name, clientId: name, sub: name }))
    for (const [n, name] of distinct.entries()) {
      const { sid, clientId, sub } = (await sessions.get(familyOf(n))) ?? {}
      assert.deepEqual([sid, clientId, sub], [name, name, name])
      assert.deepEqual(await sidsOf(sessions, { sub: name }), [name])
      assert.deepEqual(await sidsOf(sessions, { sid: name }), [name])
      const group = { group: { sub: name }, rows: 1, newest: await versionOf(sessions, n) }
      assert.ok(await commit(sessions, { conditions: [group] }))
    }
  })
}

/** Tests how rows take the places of others. */
function testVersions(it: Test): void {
  it('replaces the row of the same login and application', async ({ sessions }) => {
    const login = { sid: 'login' }
    await put(sessions, session(1, login), session(2, { ...login, clientId: 'app' }), session(3))
    await put(sessions, session(4, { ...login, sub: 'new' }))
    assert.equal(await sessions.get(familyOf(1)), undefined)
    assert.deepEqual(
      (await listed(sessions, login)).map(({ clientId }) => clientId),
      ['app', ''],
    )
    // One row takes the places of two.
    await put(sessions, session(3, { ...login, clientId: 'app' }))
    assert.equal(await sessions.get(familyOf(2)), undefined)
    assert.deepEqual(await sidsOf(sessions, { sub: 'user' }), ['login'])
    assert.equal((await sessions.page(undefined, 10)).length, 2)
  })

  it('gives each written row a greater version than any row had before', async ({ sessions, another }) => {
    const other = (await another()).sessions
    const seen: number[] = []
    for (let n = 0; n < 6; n++) {
      const writer = n % 2 === 0 ? sessions : other
      // Each writing ends the row before it: the version must not depend on what is left.
      await put(writer, session(n, { sid: 'one' }), session(n + 100))
      seen.push(await versionOf(sessions, n), await versionOf(other, n + 100))
    }
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(seen).size, seen.length)
    assert.ok((seen[0] ?? 0) >= 1)
  })
}

/** Tests the salts. */
function testSalts(it: Test): void {
  it('keeps the first salt of a minute, and refuses a commit with another', async ({ sessions, another }) => {
    const [first, second] = [bytes(16), bytes(16, 1)]
    assert.equal(await sessions.salt(5), undefined)
    assert.ok(await commit(sessions, { salt: { minute: 5, salt: first } }))
    const other = (await another()).sessions
    const wrong = { minute: 5, salt: second }
    assert.equal(await commit(other, { salt: wrong, put: [session(1)], mutations: [revoke(1)] }), undefined)
    assert.equal(await sessions.get(familyOf(1)), undefined)
    assert.ok(await commit(other, { salt: { minute: 5, salt: first }, put: [session(1)] }))
    assert.ok(await commit(other, { salt: { minute: 6, salt: second } }))
    assert.deepEqual(Buffer.from((await sessions.salt(5)) ?? []), Buffer.from(first))
    assert.deepEqual(Buffer.from((await sessions.salt(6)) ?? []), Buffer.from(second))
  })

  it('drops the salts of earlier minutes, and of no others', async ({ sessions, another }) => {
    for (const minute of [0, 4, 5, 6])
      assert.ok(await commit(sessions, { salt: { minute, salt: bytes(16, minute) } }))
    const other = (await another()).sessions
    await other.dropSalts(5)
    await other.dropSalts(0)
    for (const minute of [0, 4]) assert.equal(await sessions.salt(minute), undefined)
    for (const minute of [5, 6])
      assert.deepEqual(Buffer.from((await sessions.salt(minute)) ?? []), Buffer.from(bytes(16, minute)))
    // The minute is free again.
    assert.ok(await commit(sessions, { salt: { minute: 4, salt: bytes(16, 9) } }))
  })
}
