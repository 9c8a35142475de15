import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from '#dist/store/sqlite/file/schema.js'
import { digestOf, NOW, revoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { commit, put, session, versionOf } from '#dist/testing/store/session-fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

/** A store of an earlier schema version with three revocations, as that version's code left it. */
function earlier(path: string, version: number): Database.Database {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  for (const migration of MIGRATIONS.slice(0, version)) db.exec(migration)
  db.pragma(`application_id = ${APPLICATION_ID}`)
  db.pragma(`user_version = ${version}`)
  db.exec(
    `INSERT INTO meta VALUES ('id', x'${Buffer.from('an-old-store').toString('hex')}'),
      ('key', x'${'07'.repeat(16)}')`,
  )
  db.exec("INSERT INTO namespaces (name) VALUES ('default')")
  const insert = db.prepare(
    `INSERT INTO revocations (seq, namespace, digest, revoked, expires_at, revoked_at, target)
      VALUES (?, 1, ?, 1, ?, ?, ?)`,
  )
  for (const n of [1, 2, 3])
    insert.run(n, digestOf(n), NOW / 1000 + 3600, NOW, JSON.stringify(['id', 'jti', `token-${n}`]))
  db.exec("INSERT INTO epochs VALUES (1, 'first')")
  if (version === 1) {
    db.exec("UPDATE head SET seq = 3, epoch = 'first' WHERE id = 1")
  } else {
    const counted = version === 2 ? '' : ', commits = 1'
    db.exec(`UPDATE head SET seq = 3, epoch = 'first', tag = x'0102030405060708'${counted} WHERE id = 1`)
    db.exec("INSERT INTO buckets VALUES (1, 0, 3, x'0102030405060708', x'')")
  }
  return db
}

it('a store of schema version 1 is migrated, and its only bucket gets a version', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  earlier(path, 1).close()
  const store = await open(path)
  expect(store.stats()).toMatchObject({ id: 'an-old-store', seq: 3, schemaVersion: SCHEMA_VERSION })
  expect(store.get(wordsOf(digestOf(2)))?.revoked).toBe(true)
  const { bits, versions } = await store.buckets.versions()
  expect([bits, versions.map(({ bucket, seq, tag }) => [bucket, seq, tag.length])]).toEqual([0, [[0, 3, 8]]])
  expect(await store.buckets.read(0, 0, undefined)).toMatchObject({ status: 'ok', whole: true, rows: 3 })
  expect((await store.write([revoke(4)])).written).toMatchObject([{ seq: 4 }])
})

it('a process that still runs code of schema version 1 cannot commit', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const old = earlier(path, 1)
  const commit = old.transaction((n: number) => {
    old.prepare('UPDATE revocations SET expires_at = expires_at + 1 WHERE seq = 3').run()
    old.prepare('UPDATE head SET seq = ?, epoch = ? WHERE id = 1').run(n, 'first')
  })
  commit(4)
  const store = await open(path)
  expect(() => commit(5)).toThrow('newer schema')
  expect(store.stats().seq).toBe(4)
  old.close()
})

it('a store of schema version 2 is migrated: its revocations count at once, new ones may wait', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  earlier(path, 2).close()
  const store = await open(path)
  expect(store.stats()).toMatchObject({ seq: 3, schemaVersion: SCHEMA_VERSION })
  expect(store.get(wordsOf(digestOf(2)))).toMatchObject({ seq: 2, revoked: true })
  expect(store.get(wordsOf(digestOf(2)))?.notBefore).toBeUndefined()
  const { versions } = await store.buckets.versions()
  expect(versions.map(({ seq, tag }) => [seq, Buffer.from(tag).toString('hex')])).toEqual([
    [3, '0102030405060708'],
  ])
  await store.write([revoke(4, { notBefore: NOW + 1000 })])
  expect(store.get(wordsOf(digestOf(4)))).toMatchObject({ seq: 4, notBefore: NOW + 1000 })
})

it('a process that still runs code of schema version 2 cannot commit over a later start', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const old = earlier(path, 2)
  const head = old.prepare('UPDATE head SET seq = ?, epoch = ?, tag = ? WHERE id = 1')
  const read = old.prepare('SELECT revoked FROM revocations WHERE digest = ?').pluck()
  const move = old.prepare('UPDATE revocations SET seq = ?, revoked = 1 WHERE digest = ?')
  const commit = old.transaction((n: number, digest: Uint8Array) => {
    move.run(n, digest)
    head.run(n, 'first', Buffer.from(`tag-${n}---`))
  })
  commit(4, digestOf(3))
  const store = await open(path)
  await store.write([revoke(5, { notBefore: NOW + 1000 })])
  expect(() => commit(6, digestOf(5))).toThrow('newer schema')
  // It reads on, and takes what starts later for revoked, which is safe.
  expect(read.get(digestOf(5))).toBe(1)
  expect(store.get(wordsOf(digestOf(5)))).toMatchObject({ seq: 5, notBefore: NOW + 1000 })
  old.close()
})

it('a store of schema version 3 is migrated, and a process that runs its code does no harm', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const old = earlier(path, 3)
  const head = old.prepare('UPDATE head SET seq = ?, tag = ?, commits = commits + 1 WHERE id = 1')
  const move = old.prepare('UPDATE revocations SET seq = ?, revoked = 1 WHERE digest = ?')
  const commitOld = old.transaction((n: number, digest: Uint8Array) => {
    move.run(n, digest)
    head.run(n, Buffer.from(`tag-${n}---`))
  })
  commitOld(4, digestOf(3))
  const store = await open(path)
  expect(store.stats()).toMatchObject({ seq: 4, schemaVersion: SCHEMA_VERSION })
  await put(store.sessions, session(1))
  const before = await versionOf(store.sessions, 1)
  commitOld(5, digestOf(2))
  // What it has revoked since is seen, and versions go on.
  const parts = { put: [session(1)], conditions: [{ digest: digestOf(2), seq: 2 }] }
  expect(await commit(store.sessions, parts)).toBeUndefined()
  expect(
    await commit(store.sessions, { ...parts, conditions: [{ digest: digestOf(2), seq: 5 }] }),
  ).toBeDefined()
  expect(await versionOf(store.sessions, 1)).toBeGreaterThan(before)
  old.close()
})
