import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { readDatabaseHead } from '#dist/store/sqlite/file/database-head.js'
import { HeldFile } from '#dist/store/sqlite/file/held-file.js'
import type { SqliteStore } from '#dist/store/sqlite/index.js'
import { digestOf, NOW, revoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { bytes, commit, familyOf, put, session, versionOf } from '#dist/testing/store/session-fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { compareWithModel } from './session-model.js'

const newPath = (): string => join(temporaryDirectory(), 'store.db')
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const range = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from + i)

/** What a query of one value says, on a connection of its own. */
function ask(path: string, sql: string): unknown {
  const db = new Database(path, { readonly: true })
  const value = db.prepare(sql).pluck().get()
  db.close()
  return value
}

describe('commits of refresh tokens in SQLite', () => {
  it('that wait are one transaction with the writes among them, each judged in its turn', async () => {
    const store = await open(newPath())
    const { sessions } = store
    await put(sessions, session(1))
    const { commits } = store.stats()
    const version = await versionOf(sessions, 1)
    const rotate = (n: number) =>
      commit(sessions, {
        conditions: [
          { family: familyOf(1), version: version + n },
          { digest: digestOf(n), seq: n },
        ],
        put: [session(1, { state: bytes(n + 1) })],
      })
    // A write and the rotation that must see it, then both again, and so on; then one that comes too late.
    const made = await Promise.all([
      ...range(0, 50).flatMap((n) => [store.write([revoke(n + 1)]), n === 0 ? undefined : rotate(n)]),
      commit(sessions, { conditions: [{ digest: digestOf(50), seq: 0 }], mutations: [revoke(900)] }),
    ])
    expect(made.filter((one) => one === undefined)).toHaveLength(51)
    const first = await commit(sessions, {
      conditions: [{ family: familyOf(1), version }],
      put: [session(1)],
    })
    expect(first).toBeDefined()
    expect(store.stats()).toMatchObject({ seq: 50, commits: Number(commits) + 2 })
    expect(store.get(wordsOf(digestOf(900)))).toBeUndefined()
  })

  it('see the writes that were called before them, and not those after', async () => {
    const store = await open(newPath())
    const { sessions } = store
    const results = await Promise.all(
      range(1, 40).flatMap((n) => [
        commit(sessions, { conditions: [{ digest: digestOf(n), seq: 0 }], put: [session(n)] }),
        store.write([revoke(n)]),
        commit(sessions, { conditions: [{ digest: digestOf(n), seq: n }], put: [session(n + 100)] }),
        commit(sessions, { conditions: [{ digest: digestOf(n), seq: 0 }], put: [session(n + 200)] }),
      ]),
    )
    expect(results.map((one) => one !== undefined)).toEqual(
      range(1, 40).flatMap(() => [true, true, true, false]),
    )
    expect(store.stats().commits).toBe(1)
  })
})

it('refresh tokens in SQLite: any commits do what they do in the store in memory', async () => {
  for (const seed of [1, 2, 3]) await compareWithModel(await open(newPath()), seed, 60)
})

describe('a commit of refresh tokens that fails is rejected and leaves nothing, when', () => {
  const everything = { put: [session(1, { sub: 'new' }), session(2)], mutations: [revoke(2)] }

  it('another process holds the lock too long', async () => {
    const path = newPath()
    const store = await open(path, { busyTimeoutMs: 50 })
    await put(store.sessions, session(1))
    const blocker = new Database(path)
    blocker.exec('BEGIN IMMEDIATE')
    await expect(commit(store.sessions, everything)).rejects.toThrow(code('ERR_NOT_DURABLE'))
    blocker.exec('COMMIT')
    blocker.close()
    expect((await store.sessions.get(familyOf(1)))?.sub).toBe('user')
    expect(store.get(wordsOf(digestOf(2)))).toBeUndefined()
    expect(await commit(store.sessions, everything)).toBeDefined()
  })

  it('the disk is full', async () => {
    const store = await open(newPath(), { maxPageCount: 40 })
    await put(store.sessions, session(1))
    const large = range(10, 200).map((n) => session(n, { state: bytes(2048) }))
    const full = commit(store.sessions, { ...everything, put: [...everything.put, ...large] })
    await expect(full).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect((await store.sessions.page(undefined, 10)).map(({ sub }) => sub)).toEqual(['user'])
    expect(store.stats().seq).toBe(0)
    expect(await commit(store.sessions, everything)).toBeDefined()
  })
})

describe('refresh tokens in an SQLite file', () => {
  it('are purged past their time and an hour, and no others', async () => {
    const store = await open(newPath())
    const at = (n: number, purgeAt: number) => session(n, { purgeAt, sub: `user-${n}` })
    const hour = 3_600_000
    await put(store.sessions, at(1, NOW - hour - 1), at(2, NOW - hour), at(3, NOW - 5), at(4, NOW + hour))
    await put(store.sessions, ...range(10, 9000).map((n) => at(n, n % 2 === 0 ? 0 : NOW)))
    let purged = 0
    for (let step = 0; step < 3; step++) purged += await store.purge()
    expect(purged).toBe(4501)
    const rest = await store.sessions.page(undefined, 10_000)
    expect(rest).toHaveLength(4503)
    expect(rest.filter(({ purgeAt }) => purgeAt < NOW - hour)).toEqual([])
    expect(store.sessions.get(familyOf(1))).toBeUndefined()
    expect(store.sessions.get(familyOf(2))).toBeDefined()
  })

  it('leave no trace of a dropped salt in the file', async () => {
    const path = newPath()
    const store = await open(path)
    const [gone, kept] = [Buffer.from(bytes(16, 3)), Buffer.from(bytes(16, 5))]
    for (const [minute, salt] of [gone, kept].entries())
      await commit(store.sessions, { salt: { minute, salt } })
    await store.sessions.dropSalts(1)
    await store.close()
    const file = readFileSync(path)
    expect([file.includes(gone), file.includes(kept)]).toEqual([false, true])
  })

  it('are not taken from an older copy that lacks nothing but rotations', async () => {
    const path = newPath()
    const copy = newPath()
    const store = await open(path)
    await store.write([revoke(1)])
    await put(store.sessions, session(1))
    // Page by page, with the change counter of SQLite: a backup by SQLite has another one.
    const db = new Database(path)
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.close()
    copyFileSync(path, copy)
    const file = new HeldFile(path)
    const { text } = file.stamp()
    let version = 0
    // Rotations only: no revocation tells the two apart.
    while (file.stamp().text === text) {
      await put(store.sessions, session(1))
      version = await versionOf(store.sessions, 1)
    }
    const page = Number(ask(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'head'"))
    const known = readDatabaseHead(file, page)
    copyFileSync(copy, path)
    const older = readDatabaseHead(file, page)
    file.release()
    expect(older).toEqual({ ...known, commits: 2 })
    const parts = { conditions: [{ family: familyOf(1), version }], put: [session(1)] }
    await expect(commit(store.sessions, parts)).rejects.toThrow(code('ERR_NOT_DURABLE'))
    await Promise.resolve(store.poll({ seq: 0, epoch: '' }, 10)).catch(() => undefined)
    expect(await versionIn(store)).toBe(2)
  })

  it('count in the head, which older processes count on', async () => {
    const path = newPath()
    const store = await open(path)
    await put(store.sessions, session(1), session(2))
    await store.write([revoke(1)])
    await put(store.sessions, session(1))
    expect([await versionOf(store.sessions, 2), await versionOf(store.sessions, 1)]).toEqual([2, 4])
    expect(ask(path, 'SELECT commits FROM head')).toBe(4)
    expect(ask(path, 'SELECT seq FROM head')).toBe(1)
  })
})

/** Once the store has moved to the file that is there now. */
async function versionIn(store: SqliteStore): Promise<number> {
  for (;;) {
    try {
      return await versionOf(store.sessions, 1)
    } catch {
      await Promise.resolve(store.poll({ seq: 0, epoch: '' }, 10)).catch(() => undefined)
    }
  }
}
