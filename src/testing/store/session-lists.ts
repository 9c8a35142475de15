import assert from 'node:assert/strict'
import type { SuiteRunner } from '../suite-runner.js'
import { NOW, read, revoke } from './fixtures.js'
import { bytes, commit, familyOf, listed, put, session, type sessionTests } from './session-fixtures.js'

type Test = ReturnType<typeof sessionTests>

/** Lists and pages of refresh tokens in a store: part of {@link storeSuite}. */
export function storeSessionListSuite(describe: SuiteRunner['describe'], it: Test, name: string): void {
  describe(`${name}: lists of refresh tokens`, () => {
    testLists(it)
    testBetweenPages(it)
    testNamespaces(it)
  })
}

/** Tests the order, and pages. */
function testLists(it: Test): void {
  it('lists a user and a login, oldest first, then by family', async ({ sessions }) => {
    const rows = [
      session(1, { createdAt: NOW + 5 }),
      session(2, { createdAt: NOW + 3, sid: 'login-1', clientId: 'app' }),
      session(3, { createdAt: NOW + 4, sub: 'other', sid: 'login-1', clientId: 'second app' }),
      ...[4, 5, 6, 7].map((n) => session(n, { createdAt: NOW + 9 })),
    ]
    await put(sessions, ...rows)
    const byFamily = [4, 5, 6, 7].toSorted((a, b) => Buffer.compare(familyOf(a), familyOf(b)))
    assert.deepEqual(
      (await listed(sessions, { sub: 'user' })).map(({ family }) => Buffer.from(family)),
      [2, 1, ...byFamily].map((n) => Buffer.from(familyOf(n))),
    )
    assert.deepEqual(
      (await listed(sessions, { sid: 'login-1' })).map(({ clientId }) => clientId),
      ['app', 'second app', ''],
    )
    assert.deepEqual(await listed(sessions, { sub: 'nobody' }), [])
    assert.deepEqual(await listed(sessions, { sid: 'User' }), [])
  })

  it('lists a group by pages, each row once', async ({ sessions }) => {
    const rows = Array.from({ length: 25 }, (_, n) =>
      session(n, { sid: 'login', clientId: `app-${n}`, createdAt: NOW + (n % 5) }),
    )
    await put(sessions, ...rows, session(30, { sub: 'other', sid: 'login', clientId: 'app' }))
    const families = rows.map(({ family }) => Buffer.from(family).toString('hex')).toSorted()
    for (const [group, all] of [
      [{ sub: 'user' }, families],
      [{ sid: 'login' }, [...families, Buffer.from(familyOf(30)).toString('hex')].toSorted()],
    ] as const)
      for (const limit of [1, 5, 10, all.length]) {
        const found = (await listed(sessions, group, limit)).map(({ family }) => family)
        assert.deepEqual(found.map((family) => Buffer.from(family).toString('hex')).toSorted(), all)
      }
    assert.equal((await sessions.list({ sub: 'user' }, undefined, 10)).rows.length, 10)
  })

  it('pages through all rows in order of family, each once', async ({ sessions }) => {
    const rows = Array.from({ length: 25 }, (_, n) => session(n, { sub: `user-${n % 3}` }))
    await put(sessions, ...rows)
    const seen: string[] = []
    for (let after: Uint8Array | undefined; ;) {
      const page = await sessions.page(after, 10)
      seen.push(...page.map(({ family }) => Buffer.from(family).toString('hex')))
      if (page.length < 10) break
      after = page.at(-1)?.family
    }
    const all = rows.map(({ family }) => Buffer.from(family).toString('hex')).toSorted()
    assert.deepEqual(seen, all)
  })
}

/** Tests what is written between two pages. */
function testBetweenPages(it: Test): void {
  it('gives with each page a version that shows what is written after it', async ({ sessions, another }) => {
    await put(sessions, ...Array.from({ length: 10 }, (_, n) => session(n)))
    const group = { sub: 'user' }
    const other = (await another()).sessions
    const [{ version }, rows] = [await sessions.list(group, undefined, 3), await listed(sessions, group, 3)]
    const conditions = [{ group, rows: rows.length, newest: version }]
    assert.ok(rows.every((row) => row.version <= version))
    assert.ok((await commit(other, { conditions })) !== undefined)
    // What is read after the first page is newer than it: by the newest of all rows nothing would show.
    const first = await sessions.list(group, undefined, 3)
    await put(other, session(0, { state: bytes(9) }), session(1), session(9, { state: bytes(9) }))
    const later = await listed(sessions, group, 3)
    const stale = { group, rows: later.length, newest: first.version }
    assert.equal(await commit(other, { conditions: [stale] }), undefined)
    const end = await sessions.list(group, undefined, 3)
    assert.ok(end.version >= Math.max(...later.map((row) => row.version)))
  })

  it('leaves out of later pages what has left the group', async ({ sessions }) => {
    await put(sessions, ...Array.from({ length: 6 }, (_, n) => session(n)))
    const group = { sub: 'user' }
    const first = await sessions.list(group, undefined, 2)
    const seen = new Set(first.rows.map(({ sid }) => sid))
    const left = (await listed(sessions, group)).filter(({ sid }) => !seen.has(sid))
    const [gone] = left
    assert.ok(gone !== undefined)
    await put(sessions, { ...gone, sub: 'other' })
    const rest: string[] = []
    for (let { next } = first; next !== undefined;) {
      const page = await sessions.list(group, next, 2)
      rest.push(...page.rows.map(({ sid }) => sid))
      next = page.next
    }
    const stays = left.filter((row) => row !== gone).map(({ sid }) => sid)
    assert.deepEqual(rest.toSorted(), stays.toSorted())
  })
}

/** Tests that namespaces do not see each other. */
function testNamespaces(it: Test): void {
  it('keeps namespaces apart: rows, salts, conditions', async ({ store, sessions, another }) => {
    const other = (await another({ namespace: 'other' })).sessions
    const salt = { minute: 7, salt: bytes(16) }
    assert.ok(await commit(sessions, { put: [session(1)], mutations: [revoke(1)], salt }))
    assert.equal(await other.get(familyOf(1)), undefined)
    assert.deepEqual(await other.page(undefined, 10), [])
    assert.deepEqual(await listed(other, { sub: 'user' }), [])
    assert.equal(await other.salt(7), undefined)
    const conditions = [
      { family: familyOf(1), version: 0 },
      { digest: revoke(1).digest, seq: 0 },
      { group: { sub: 'user' }, rows: 0, newest: 0 },
    ]
    const otherSalt = { minute: 7, salt: bytes(16, 1) }
    assert.ok(await commit(other, { conditions, put: [session(1, { sub: 'b' })], salt: otherSalt }))
    await other.dropSalts(8)
    assert.equal((await sessions.get(familyOf(1)))?.sub, 'user')
    assert.deepEqual(Buffer.from((await sessions.salt(7)) ?? []), Buffer.from(salt.salt))
    assert.equal((await read(store, 1))?.revoked, true)
  })
}
