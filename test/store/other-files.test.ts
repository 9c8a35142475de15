import { closeSync, linkSync, openSync, renameSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Position } from '#dist/ports/index.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { collect, digestOf, follow, openStore, revoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { childWriter } from './child-writer.js'

const START: Position = { seq: 0, epoch: '' }
const words = (n: number): Int32Array => wordsOf(digestOf(n))
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const poll = async (store: SqliteStore, position = START): Promise<unknown> => store.poll(position, 100)
const newPath = (): string => join(temporaryDirectory(), 'store.db')

/** Copies a database into another one as `.backup` and `.restore` do, also while it is open. */
async function copyInto(from: string, to: string): Promise<void> {
  const db = new Database(from, { readonly: true })
  await db.backup(to)
  db.close()
}

/** What a process that opens the path now knows of a revocation. */
async function foundByOthers(path: string, n: number): Promise<boolean> {
  const child = childWriter(path, 1_000_000, 1)
  await child.ended
  const store = await open(path)
  const row = store.get(words(n))
  await store.close()
  return row?.revoked === true
}

describe('a store whose log is deleted', () => {
  it.each([
    ['the log and its index', ['-wal', '-shm']],
    ['the log', ['-wal']],
    ['the index', ['-shm']],
  ])('acknowledges nothing more into it (%s), and keeps what it held', async (_, endings) => {
    const path = newPath()
    const store = await open(path)
    await store.write([revoke(1)])
    for (const ending of endings) rmSync(path + ending)
    await expect.poll(() => store.isCurrent()).toBe(false)
    expect(() => store.get(words(1))).toThrow(code('ERR_STORE_UNAVAILABLE'))
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect(await poll(store)).toEqual({ status: 'diverged' })
    expect(store.get(words(1))?.revoked).toBe(true)
    await store.write([revoke(3)])
    expect(await foundByOthers(path, 1)).toBe(true)
    expect(await foundByOthers(path, 3)).toBe(true)
    expect(store.get(words(1_000_000))?.revoked).toBe(true)
  })

  it('is opened anew by all stores of the process', async () => {
    const path = newPath()
    const stores = [await open(path), await open(path, {}, { namespace: 'other' })]
    for (const store of stores) await store.write([revoke(1)])
    rmSync(`${path}-wal`)
    rmSync(`${path}-shm`)
    // Until both have let go of the old index, SQLite can't make a new one in this process.
    await expect
      .poll(async () => {
        const outcomes = await Promise.allSettled(stores.map((store) => poll(store)))
        return outcomes.map(({ status }) => status)
      })
      .toEqual(['fulfilled', 'fulfilled'])
    for (const [n, store] of stores.entries()) {
      expect(store.get(words(1))?.revoked).toBe(true)
      await store.write([revoke(10 + n)])
    }
    for (const store of stores) await store.close()
    const again = await open(path)
    expect([1, 10, 11].map((n) => again.get(words(n))?.revoked)).toEqual([true, true, undefined])
  })

  it('acknowledges nothing into a log without a header, which nobody could read after a crash', async () => {
    const path = newPath()
    const store = await open(path)
    const other = await open(path)
    await other.write([revoke(1)])
    const log = openSync(`${path}-wal`, 'r+')
    writeSync(log, Buffer.alloc(32))
    closeSync(log)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
  })
})

describe('a path that is a symbolic link', () => {
  it('is followed when it leads elsewhere', async () => {
    const folder = temporaryDirectory()
    const [first, second, link] = ['v1.db', 'v2.db', 'link.db'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await (await open(first)).close()
    symlinkSync('v1.db', link)
    const store = await open(link)
    await store.write([revoke(1)])
    await copyInto(first, second)
    symlinkSync('v2.db', `${link}.new`)
    renameSync(`${link}.new`, link)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect(await poll(store)).toEqual({ status: 'diverged' })
    await store.write([revoke(3)])
    expect(store.stats().path).toBe(second)
    expect(store.snapshotPath).toBe(`${second}-l0`)
    expect(await foundByOthers(second, 3)).toBe(true)
    const old = await open(first)
    expect([1, 2, 3].map((n) => old.get(words(n))?.revoked)).toEqual([true, undefined, undefined])
  })

  it('is followed to another name of the same file, whose log is another', async () => {
    const folder = temporaryDirectory()
    const link = join(folder, 'link.db')
    await (await open(join(folder, 'one name.db'))).close()
    symlinkSync('one name.db', link)
    const store = await open(link)
    await store.write([revoke(1)])
    linkSync(join(folder, 'one name.db'), join(folder, 'another name.db'))
    symlinkSync('another name.db', `${link}.new`)
    renameSync(`${link}.new`, link)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect(await poll(store)).toEqual({ status: 'diverged' })
    await store.write([revoke(3)])
    expect(await foundByOthers(link, 3)).toBe(true)
  })

  it('locks the file that it leads to, also when that file is still to be made', async () => {
    const folder = temporaryDirectory()
    const link = join(folder, 'link.db')
    symlinkSync('made.db', link)
    await open(link, {}, { exclusive: true })
    const refused = openStore(new SqliteStore(join(folder, 'made.db')))
    await expect(refused).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
  })

  it('takes the lock along', async () => {
    const folder = temporaryDirectory()
    const link = join(folder, 'link.db')
    const paths = ['v1.db', 'v2.db'].map((name) => join(folder, name))
    await (await open(join(folder, 'v1.db'))).close()
    await copyInto(join(folder, 'v1.db'), join(folder, 'v2.db'))
    symlinkSync('v1.db', link)
    const store = await open(link, {}, { exclusive: true })
    symlinkSync('v2.db', `${link}.new`)
    renameSync(`${link}.new`, link)
    expect(await poll(store)).toEqual({ status: 'diverged' })
    const [first, second] = paths.map((path) => openStore(new SqliteStore(path)))
    await expect(second).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    await (await first)?.store.close()
  })
})

describe('a database that is restored into the open file', () => {
  it('is refused if it has another digest key, until the right one is back', async () => {
    const path = newPath()
    const store = await open(path)
    await store.write([revoke(1)])
    const [stranger, backup] = [newPath(), newPath()]
    await copyInto(path, backup)
    await (await open(stranger)).close()
    await copyInto(stranger, path)
    expect(store.isCurrent()).toBe(false)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    await expect(store.scan(0).next()).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    await expect(poll(store)).rejects.toThrow(code('ERR_STORE_MISMATCH'))
    expect(() => store.get(words(1))).toThrow(code('ERR_STORE_MISMATCH'))
    await copyInto(backup, path)
    expect(await poll(store)).toEqual({ status: 'diverged' })
    expect(store.get(words(1))?.revoked).toBe(true)
  })

  it('gets no change of a namespace whose number it has given to another one', async () => {
    const path = newPath()
    const backup = newPath()
    await (await open(path, {}, { namespace: 'first' })).close()
    await copyInto(path, backup)
    const mine = await open(path, {}, { namespace: 'mine' })
    await mine.write([revoke(1)])
    await copyInto(backup, path)
    const other = await open(path, {}, { namespace: 'other' })
    await other.write([revoke(2)])
    // Not looked since: "mine" still goes by the number that "other" has now.
    await expect(mine.write([revoke(3)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect(await poll(mine, { seq: 1, epoch: '' })).toEqual({ status: 'diverged' })
    await mine.write([revoke(4)])
    expect([...(await collect(mine.scan(0))).live.keys()]).toHaveLength(1)
    expect([...(await collect(other.scan(0))).live.keys()]).toHaveLength(1)
    expect(other.get(words(4))).toBeUndefined()
  })

  it('is another history from the next commit on, whoever makes it', async () => {
    const path = newPath()
    const backup = newPath()
    const [a, b] = [await open(path), await open(path)]
    await b.write([revoke(1)])
    await a.write([revoke(2)])
    await copyInto(path, backup)
    await follow(b, START)
    await a.write([revoke(3)])
    const { position } = await follow(a, START)
    await copyInto(backup, path)
    const { written } = await b.write([revoke(4)])
    expect(written[0]?.seq).toBe(position.seq)
    expect(await poll(a, position)).toEqual({ status: 'diverged' })
  })
})
