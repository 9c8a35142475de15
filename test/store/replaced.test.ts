import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Position } from '#dist/ports/index.js'
import type { SqliteStore } from '#dist/store/sqlite/index.js'
import { collect, digestOf, follow, revoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { until } from '../support/time.js'

const START = { seq: 0, epoch: '' }
const words = (n: number): Int32Array => wordsOf(digestOf(n))
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const poll = async (store: SqliteStore, position: Position): Promise<unknown> => store.poll(position, 100)

/** A store with one revocation, and a backup of it made as one should be made: by SQLite. */
async function withBackup(): Promise<{ path: string; backup: string; store: SqliteStore }> {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  await store.write([revoke(1)])
  const backup = join(temporaryDirectory(), 'backup.db')
  const db = new Database(path, { readonly: true })
  db.exec(`VACUUM INTO '${backup}'`)
  db.close()
  return { path, backup, store }
}

describe('a restored backup', () => {
  it('is another history, even if both have the same last number', async () => {
    const { path, backup, store } = await withBackup()
    await store.write([revoke(2), revoke(3)])
    const { position } = await follow(store, START)
    await store.close()
    renameSync(backup, path)
    const restored = await open(path)
    expect(await poll(restored, position)).toEqual({ status: 'diverged' })
    await restored.write([revoke(4), revoke(5)])
    expect(restored.stats().seq).toBe(position.seq)
    expect(await poll(restored, position)).toEqual({ status: 'diverged' })
    await restored.write([revoke(6)])
    expect(await poll(restored, position)).toEqual({ status: 'diverged' })
  })

  it('continues the history up to the backup', async () => {
    const { path, backup, store } = await withBackup()
    const { position } = await follow(store, START)
    await store.write([revoke(2)])
    await store.close()
    renameSync(backup, path)
    const restored = await open(path)
    await restored.write([revoke(4)])
    expect((await follow(restored, position)).changes.map(({ seq }) => seq)).toEqual([2])
  })

  it('restored by SQLite under open connections is noticed by the next write', async () => {
    const { path, backup, store } = await withBackup()
    await store.write([revoke(2)])
    const { position } = await follow(store, START)
    // What `sqlite3 store.db ".restore backup.db"` does: the same file, one commit, the old content.
    const db = new Database(path)
    db.exec(`ATTACH '${backup}' AS old; BEGIN IMMEDIATE;
      DELETE FROM revocations; INSERT INTO revocations SELECT * FROM old.revocations;
      DELETE FROM epochs; INSERT INTO epochs SELECT * FROM old.epochs;
      DELETE FROM namespaces; INSERT INTO namespaces SELECT * FROM old.namespaces;
      DELETE FROM buckets; INSERT INTO buckets SELECT * FROM old.buckets;
      UPDATE head SET (seq, epoch, tag, commits) = (SELECT seq, epoch, tag, -1 FROM old.head); COMMIT`)
    db.close()
    await store.write([revoke(3)])
    expect(store.stats().seq).toBe(position.seq)
    expect(await poll(store, position)).toEqual({ status: 'diverged' })
  })

  it('that takes the place of the open file is used from the next poll on', async () => {
    const { path, backup, store } = await withBackup()
    await store.write([revoke(2)])
    const { position } = await follow(store, START)
    renameSync(backup, path)
    expect(store.isCurrent()).toBe(false)
    await expect(store.write([revoke(3)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect(await poll(store, position)).toEqual({ status: 'diverged' })
    expect(store.get(words(1))?.revoked).toBe(true)
    expect(store.get(words(2))).toBeUndefined()
    expect(store.get(words(3))).toBeUndefined()
    const { written, epoch } = await store.write([revoke(4)])
    expect(written[0]?.seq).toBe(2)
    expect(epoch).not.toBe(position.epoch)
    expect((await collect(store.scan(0))).live.size).toBe(2)
    expect(store.stats().fault).toBeNull()
    await store.close()
    expect((await open(path)).get(words(4))?.revoked).toBe(true)
  })

  it('is found by every store that had the old file open', async () => {
    const { path, backup, store } = await withBackup()
    const other = await open(path)
    await store.write(Array.from({ length: 50 }, (_, i) => revoke(100 + i)))
    const { position } = await follow(other, START)
    renameSync(backup, path)
    expect(await Promise.all([poll(store, position), poll(other, position)])).toEqual([
      { status: 'diverged' },
      { status: 'diverged' },
    ])
    await Promise.all([store.write([revoke(4)]), other.write([revoke(5)])])
    for (const one of [store, other]) {
      expect((await follow(one, START)).changes.map(({ seq }) => seq)).toEqual([1, 2, 3])
      expect(one.get(words(100))).toBeUndefined()
    }
    await store.close()
    await other.close()
    const db = new Database(path, { readonly: true })
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    db.close()
  })
})

describe('a file beside the log of another history', () => {
  it('is refused as damaged: SQLite would mix the two', async () => {
    const { path, store } = await withBackup()
    await store.close()
    const mixed = join(temporaryDirectory(), 'mixed.db')
    copyFileSync(path, mixed)
    const one = await open(path)
    await one.write([revoke(2), revoke(3)])
    const log = join(temporaryDirectory(), 'log')
    copyFileSync(`${path}-wal`, log)
    const other = await open(mixed)
    await other.write([revoke(4), revoke(5)])
    await other.close() // which folds its log into its file
    copyFileSync(log, `${mixed}-wal`)
    await expect(open(mixed)).rejects.toThrow(code('ERR_STORE_CORRUPT'))
  })
})

describe('a store whose file is taken away', () => {
  it('answers nothing until a sound one is back', async () => {
    const { path, backup, store } = await withBackup()
    const { position } = await follow(store, START)
    rmSync(path)
    const unavailable = code('ERR_STORE_UNAVAILABLE')
    await expect(poll(store, position)).rejects.toThrow(unavailable)
    expect(() => store.get(words(1))).toThrow(unavailable)
    expect(() => store.list({ afterSeq: 0, limit: 1 })).toThrow(unavailable)
    await expect(store.scan(0).next()).rejects.toThrow(unavailable)
    await expect(store.write([revoke(2)])).rejects.toThrow(unavailable)
    expect(existsSync(path)).toBe(false)
    expect(store.stats()).toMatchObject({ seq: 1, fault: 'ERR_STORE_UNAVAILABLE' })

    writeFileSync(path, '')
    await expect(poll(store, position)).rejects.toThrow(unavailable)
    writeFileSync(path, 'no database'.repeat(1000))
    await expect(poll(store, position)).rejects.toThrow(code('ERR_STORE_CORRUPT'))
    expect(() => store.get(words(1))).toThrow(code('ERR_STORE_CORRUPT'))

    renameSync(backup, path)
    expect(await poll(store, position)).toEqual({ status: 'diverged' })
    expect(store.get(words(1))?.revoked).toBe(true)
  })

  it('continues where it was when the same file comes back', async () => {
    const { path, store } = await withBackup()
    const { position } = await follow(store, START)
    renameSync(path, `${path}.away`)
    await expect(poll(store, position)).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    renameSync(`${path}.away`, path)
    expect(await poll(store, position)).toMatchObject({ status: 'ok', position })
    expect((await store.write([revoke(2)])).written[0]?.seq).toBe(2)
  })

  it('acknowledges no write to the deleted file', async () => {
    const { path, store } = await withBackup()
    rmSync(path)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
  })

  it('refuses a file with another digest key for good', async () => {
    const { path, store } = await withBackup()
    const { position } = await follow(store, START)
    const stranger = join(temporaryDirectory(), 'stranger.db')
    await (await open(stranger)).close()
    copyFileSync(stranger, `${path}.new`)
    renameSync(`${path}.new`, path)
    for (let i = 0; i < 2; i++)
      await expect(poll(store, position)).rejects.toThrow(code('ERR_STORE_MISMATCH'))
    expect(() => store.get(words(1))).toThrow(code('ERR_STORE_MISMATCH'))
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_STORE_MISMATCH'))
  })
})

describe('a store whose file comes back', () => {
  it('stays refused if damage was found while it was away', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const first = await open(path)
    await first.write(Array.from({ length: 20_000 }, (_, n) => revoke(n)))
    await first.close()
    const bytes = readFileSync(path)
    bytes.fill(0x5a, bytes.length - 4096)
    writeFileSync(path, bytes)
    const store = await open(path, { integrityCheckDelayMs: 0 })
    // In one turn: the check's thread can't open the file while it is away.
    renameSync(path, `${path}.away`)
    expect(() => store.poll(START, 100)).toThrow(code('ERR_STORE_UNAVAILABLE'))
    renameSync(`${path}.away`, path)
    await until('the damage is found', () => store.stats().integrity === 'failed')
    await expect(poll(store, START)).rejects.toThrow(code('ERR_STORE_CORRUPT'))
    expect(() => store.get(words(1))).toThrow(code('ERR_STORE_CORRUPT'))
  })

  it('counts each commit once, though opening it failed before', async () => {
    const { path, backup, store } = await withBackup()
    await follow(store, START)
    rmSync(path)
    writeFileSync(path, 'no database'.repeat(1000))
    for (let i = 0; i < 2; i++) await expect(poll(store, START)).rejects.toThrow(code('ERR_STORE_CORRUPT'))
    expect(store.stats().commits).toBe(1)
    renameSync(backup, path)
    expect(await poll(store, START)).toEqual({ status: 'diverged' })
    await store.write([revoke(2)])
    expect(store.stats().commits).toBe(2)
  })
})
