import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from '#dist/store/sqlite/file/schema.js'
import { digestOf, NOW, revoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

/** A store of schema version 1 with three revocations, as that version's code left it. */
function firstVersion(path: string): Database.Database {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.exec(MIGRATIONS[0] ?? '')
  db.pragma(`application_id = ${APPLICATION_ID}`)
  db.pragma('user_version = 1')
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
  db.exec("UPDATE head SET seq = 3, epoch = 'first' WHERE id = 1")
  return db
}

it('a store of schema version 1 is migrated, and its only bucket gets a version', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  firstVersion(path).close()
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
  const old = firstVersion(path)
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
