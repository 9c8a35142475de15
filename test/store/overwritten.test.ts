import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Logger, Position } from '#dist/ports/index.js'
import { readDatabaseHead } from '#dist/store/sqlite/file/database-head.js'
import { HeldFile } from '#dist/store/sqlite/file/held-file.js'
import { onlyRecordOf } from '#dist/store/sqlite/file/raw-record.js'
import { checkIntegrity, type SqliteStore } from '#dist/store/sqlite/index.js'
import { digestOf, follow, revoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

const START: Position = { seq: 0, epoch: '' }
const words = (n: number): Int32Array => wordsOf(digestOf(n))
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const poll = async (store: SqliteStore, position = START): Promise<unknown> => store.poll(position, 100)
const newPath = (): string => join(temporaryDirectory(), 'store.db')
const some = (first: number, count: number) => Array.from({ length: count }, (_, i) => revoke(first + i))

/** Runs SQL on a connection of its own, as another tool would. */
function run(path: string, sql: string): void {
  const db = new Database(path)
  db.exec(sql)
  db.close()
}

async function copyInto(from: string, to: string): Promise<void> {
  const db = new Database(from, { readonly: true })
  await db.backup(to)
  db.close()
}

/** Commits of one change each, enough for SQLite to fold the log into the file. */
async function commitUntilFolded(store: SqliteStore, path: string, first: number): Promise<number> {
  const file = new HeldFile(path)
  const { text } = file.stamp()
  let n = first
  while (file.stamp().text === text) await store.write([revoke(n++)])
  file.release()
  return n
}

const BACKUPS = [
  ['the backup API', (path: string, to: string) => copyInto(path, to)],
  [
    'VACUUM INTO',
    async (path: string, to: string) => {
      run(path, `VACUUM INTO '${to}'`)
      return Promise.resolve()
    },
  ],
] as const

describe('a store that is overwritten in place', () => {
  it.each(BACKUPS)('acknowledges nothing, then starts over from the copy (%s)', async (_, backUp) => {
    const path = newPath()
    const backup = newPath()
    const store = await open(path)
    await store.write(some(1, 500))
    await backUp(path, backup)
    await commitUntilFolded(store, path, 1000)
    const { position } = await follow(store, START)
    copyFileSync(backup, path)
    await expect.poll(() => store.isCurrent()).toBe(false)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect(() => store.get(words(1))).toThrow(code('ERR_STORE_UNAVAILABLE'))
    expect(await poll(store, position)).toEqual({ status: 'diverged' })
    expect([500, 1000].map((n) => store.get(words(n))?.revoked)).toEqual([true, undefined])
    await store.write([revoke(3000)])
    await store.close()
    expect(checkIntegrity(path, true)).toEqual([])
    expect(existsSync(`${path}-wal-replaced`)).toBe(true)
    const again = await open(path)
    expect([500, 1000, 3000].map((n) => again.get(words(n))?.revoked)).toEqual([true, undefined, true])
  })

  it('does not spoil the copy when it is closed', async () => {
    const path = newPath()
    const backup = newPath()
    const store = await open(path)
    await store.write(some(1, 500))
    await copyInto(path, backup)
    await commitUntilFolded(store, path, 1000)
    await store.write([revoke(3000)])
    copyFileSync(backup, path)
    await store.close()
    expect(checkIntegrity(path, true)).toEqual([])
    const again = await open(path)
    expect([500, 1000, 3000].map((n) => again.get(words(n))?.revoked)).toEqual([true, undefined, undefined])
  })

  it('is left by all stores that have it open', async () => {
    const path = newPath()
    const backup = newPath()
    const stores = [await open(path), await open(path, {}, { namespace: 'other' })]
    for (const store of stores) await store.write(some(1, 300))
    await copyInto(path, backup)
    await commitUntilFolded(stores[0] as SqliteStore, path, 1000)
    for (const store of stores) await follow(store, START)
    copyFileSync(backup, path)
    for (const store of stores) {
      await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    }
    await expect
      .poll(async () => {
        const outcomes = await Promise.allSettled(stores.map((store) => poll(store)))
        return outcomes.map(({ status }) => status)
      })
      .toEqual(['fulfilled', 'fulfilled'])
    for (const store of stores) {
      await store.write([revoke(5000)])
      expect([300, 1000, 5000].map((n) => store.get(words(n))?.revoked)).toEqual([true, undefined, true])
    }
    for (const store of stores) await store.close()
    expect(checkIntegrity(path, true)).toEqual([])
  })

  it('refuses a copy that has another digest key', async () => {
    const path = newPath()
    const stranger = newPath()
    const other = await open(stranger)
    await other.write(some(1, 2000))
    await other.close()
    const store = await open(path)
    await commitUntilFolded(store, path, 1000)
    copyFileSync(stranger, path)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    await expect(poll(store)).rejects.toThrow(code('ERR_STORE_MISMATCH'))
    await store.close()
    expect(checkIntegrity(stranger, true)).toEqual([])
  })
})

describe('a store that others fold, compact or restore through SQLite', () => {
  /** A store, and the warnings that it logs. */
  async function watched(path: string): Promise<{ store: SqliteStore; warnings: string[] }> {
    const warnings: string[] = []
    const silent = (): void => undefined
    const warn = (_: object, message: string): unknown => warnings.push(message)
    const logger: Logger = { debug: silent, info: silent, warn, error: silent }
    return { store: await open(path, {}, { logger }), warnings }
  }

  /** A store whose log was folded after a backup, and into which SQLite has copied that backup since. */
  async function restored() {
    const path = newPath()
    const backup = newPath()
    const { store, warnings } = await watched(path)
    await store.write(some(1, 500))
    await copyInto(path, backup)
    await commitUntilFolded(store, path, 1000)
    const { position } = await follow(store, START)
    await copyInto(backup, path)
    return { path, store, warnings, position }
  }

  it.each([
    ['a fold of the log', 'PRAGMA wal_checkpoint(TRUNCATE)'],
    ['a compaction', 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'],
    ['changes to other tables', 'CREATE TABLE notes (t); PRAGMA wal_checkpoint(TRUNCATE); DROP TABLE notes'],
  ])('is not left because of %s', async (_, sql) => {
    const path = newPath()
    const { store, warnings } = await watched(path)
    await store.write(some(1, 500))
    for (let round = 0; round < 3; round++) {
      const { position } = await follow(store, START)
      run(path, sql)
      await store.write([revoke(1000 + round)])
      expect(await poll(store, position)).toMatchObject({ status: 'ok' })
      await commitUntilFolded(store, path, 2000 + round * 1000)
      run(path, sql)
      expect(store.get(words(1000 + round))?.revoked).toBe(true)
    }
    expect(warnings).toEqual([])
  })

  it('is not left while a reader holds back a part of the log', async () => {
    const path = newPath()
    const { store, warnings } = await watched(path)
    await store.write(some(1, 500))
    const reader = new Database(path, { readonly: true })
    reader.exec('BEGIN; SELECT * FROM head')
    for (let n = 1000; n < 2500; n++) await store.write([revoke(n)])
    run(path, 'PRAGMA wal_checkpoint(PASSIVE)')
    await store.write([revoke(2)])
    reader.close()
    await commitUntilFolded(store, path, 3000)
    expect((await follow(store, START)).changes.length).toBeGreaterThan(1900)
    expect(warnings).toEqual([])
  })

  it('goes on in the restored history, and loses nothing of it when the log is folded', async () => {
    const { path, store, warnings, position } = await restored()
    run(path, 'PRAGMA wal_checkpoint(TRUNCATE)')
    await store.write([revoke(2)])
    expect(await poll(store, position)).toEqual({ status: 'diverged' })
    await commitUntilFolded(store, path, 3000)
    await store.write([revoke(9000)])
    await store.close()
    const again = await open(path)
    expect([500, 1000, 3000, 9000].map((n) => again.get(words(n))?.revoked)).toEqual([
      true,
      undefined,
      true,
      true,
    ])
    expect(warnings).toEqual([])
    expect(existsSync(`${path}-wal-replaced`)).toBe(false)
  })

  it('is opened by others before the log is folded', async () => {
    const { path, store, warnings } = await restored()
    await store.write([revoke(9000)])
    const other = await open(path)
    await other.write([revoke(9001)])
    await poll(other)
    run(path, 'PRAGMA wal_checkpoint(PASSIVE)')
    await other.write([revoke(9002)])
    for (const one of [store, other]) {
      await poll(one)
      expect([500, 1000, 9000, 9001, 9002].map((n) => one.get(words(n))?.revoked)).toEqual([
        ...[true, undefined, true, true, true],
      ])
    }
    expect(warnings).toEqual([])
  })

  it('is no overwritten file when the log is folded later, after looks at it', async () => {
    const { path, store, warnings, position } = await restored()
    expect(await poll(store, position)).toEqual({ status: 'diverged' })
    await store.write([revoke(2), revoke(9000)])
    await store.write([revoke(9001)])
    await poll(store, START)
    run(path, 'PRAGMA wal_checkpoint(PASSIVE)')
    await store.write([revoke(9002)])
    expect(await poll(store, START)).toMatchObject({ status: 'ok' })
    expect([9000, 9001, 9002].map((n) => store.get(words(n))?.revoked)).toEqual([true, true, true])
    expect(warnings).toEqual([])
    expect(existsSync(`${path}-wal-replaced`)).toBe(false)
  })
})

describe('the head that is read past SQLite', () => {
  it('is that of the database, once the log is folded', async () => {
    const path = newPath()
    const store = await open(path)
    await store.write(some(1, 300))
    run(path, 'PRAGMA wal_checkpoint(TRUNCATE)')
    const db = new Database(path, { readonly: true })
    const page = db
      .prepare<[], number>(`SELECT rootpage FROM sqlite_schema WHERE name = 'head'`)
      .pluck()
      .get()
    const head = db.prepare('SELECT seq, epoch, lower(hex(tag)) AS tag FROM head').get()
    db.close()
    const file = new HeldFile(path)
    expect(readDatabaseHead(file, page ?? 0)).toMatchObject(head ?? {})
    file.release()
  })

  it('is missing in anything else', () => {
    expect(onlyRecordOf(Buffer.alloc(0))).toBeUndefined()
    expect(onlyRecordOf(Buffer.alloc(4096))).toBeUndefined()
    for (let round = 0; round < 2000; round++) {
      const page = Buffer.from(Array.from({ length: 64 }, (_, i) => (round * 31 + i * 17 + round * i) % 256))
      page.set([0x0d, 0, 0, 0, 1], 0)
      expect(() => onlyRecordOf(page)).not.toThrow()
    }
  })

  it('is read for as long as anybody holds the file', () => {
    const path = newPath()
    run(path, 'CREATE TABLE t (a)')
    const [one, other] = [new HeldFile(path), new HeldFile(path)]
    one.release()
    one.release()
    expect(other.read(0, 6).toString()).toBe('SQLite')
    expect(() => one.read(0, 6)).toThrow('released')
    rmSync(path)
    expect(other.read(0, 6).toString()).toBe('SQLite')
    other.release()
  })
})
