import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { digestOf, follow, NOW, revoke, unrevoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { childWriter } from './child-writer.js'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const words = (n: number): Int32Array => wordsOf(digestOf(n))
const range = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from + i)

/** What something resolves with, and the thread it started. */
async function withThread<T>(run: () => Promise<T>): Promise<[T, Worker]> {
  const started = once(process, 'worker') as Promise<[Worker]>
  const result = await run()
  return [result, (await started)[0]]
}

describe('group commit', () => {
  it('commits what arrives in one tick together', async () => {
    const store = await open(join(temporaryDirectory(), 'store.db'))
    await Promise.all(range(0, 256).map((n) => store.write([revoke(n)])))
    expect(store.stats().commits).toBe(1)
  })

  it('commits what arrives during a commit together', async () => {
    const store = await open(join(temporaryDirectory(), 'store.db'))
    let left = 2560
    const caller = async (): Promise<void> => {
      while (left > 0) await store.write([revoke(--left)])
    }
    await Promise.all(range(0, 256).map(caller))
    expect(store.stats()).toMatchObject({ seq: 2560, pendingWrites: 0 })
    expect(store.stats().commits).toBeLessThan(30)
  })

  it('refuses only the writes beyond its limit', async () => {
    const store = await open(join(temporaryDirectory(), 'store.db'))
    const first = store.write(range(0, 131_072).map((n) => revoke(n)))
    await expect(store.write([revoke(140_000)])).rejects.toThrow(code('ERR_UNAVAILABLE'))
    expect((await first).written).toHaveLength(131_072)
    expect((await store.write([revoke(140_000)])).written[0]?.seq).toBe(131_073)
  })

  it('keeps the event loop free while the disk is slow', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const store = await open(path)
    const blocker = new Database(path)
    blocker.exec('BEGIN IMMEDIATE')
    const write = store.write([revoke(1)])
    const begun = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(store.get(words(1))).toBeUndefined()
    expect(performance.now() - begun).toBeLessThan(1000)
    blocker.exec('COMMIT')
    blocker.close()
    expect((await write).written[0]?.seq).toBe(1)
  })
})

describe('a commit that fails is rejected, and the next one works, when', () => {
  it('another process holds the lock too long', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const store = await open(path, { busyTimeoutMs: 50 })
    const blocker = new Database(path)
    blocker.exec('BEGIN IMMEDIATE')
    const writes = await Promise.allSettled([store.write([revoke(1)]), store.write([revoke(2)])])
    for (const write of writes) {
      const reason = { code: 'ERR_NOT_DURABLE', cause: { code: 'SQLITE_BUSY' } }
      expect(write).toMatchObject({ status: 'rejected', reason })
    }
    blocker.exec('COMMIT')
    blocker.close()
    expect((await store.write([revoke(1)])).written[0]?.seq).toBe(1)
  })

  it('a statement in the middle of the batch fails', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const store = await open(path)
    const db = new Database(path)
    db.exec(`CREATE TRIGGER strict BEFORE INSERT ON revocations WHEN new.reason = 'boom'
      BEGIN SELECT RAISE(ABORT, 'no'); END`)
    db.close()
    const writes = [store.write([revoke(1)]), store.write([revoke(2), revoke(3, { reason: 'boom' })])]
    for (const write of await Promise.allSettled(writes)) {
      expect(write).toMatchObject({ status: 'rejected', reason: { code: 'ERR_NOT_DURABLE' } })
    }
    expect(store.get(words(1))).toBeUndefined()
    expect((await store.write([revoke(4)])).written[0]?.seq).toBe(1)
  })

  it('the disk is full', async () => {
    const store = await open(join(temporaryDirectory(), 'store.db'), { maxPageCount: 40 })
    await store.write([revoke(1)])
    const large = range(10, 1000).map((n) => revoke(n, { reason: 'x'.repeat(200) }))
    await expect(store.write(large)).rejects.toMatchObject({
      code: 'ERR_NOT_DURABLE',
      cause: { code: 'SQLITE_FULL' },
    })
    expect(store.stats().seq).toBe(1)
    expect(store.get(words(10))).toBeUndefined()
    expect((await store.write([revoke(2)])).written[0]?.seq).toBe(2)
    expect((await follow(store, { seq: 0, epoch: '' })).changes.map(({ seq }) => seq)).toEqual([1, 2])
  })

  it('the system refuses to make a file larger', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const child = childWriter(path, 0, 3000, 'trap "" XFSZ; ulimit -f 400;')
    await child.ended
    const acknowledged = child.lines.filter((line) => /^\d/.test(line))
    expect(child.lines.some((line) => line.startsWith('ERR_NOT_DURABLE'))).toBe(true)
    expect(acknowledged.length).toBeGreaterThan(10)
    const store = await open(path)
    for (const line of acknowledged) {
      const [seq, n = -1] = line.split(' ').map(Number)
      expect(store.get(words(n))?.seq).toBe(seq)
    }
    expect((await store.write([revoke(9000)])).written[0]?.seq).toBe(store.stats().seq)
  })

  it('the write thread dies', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const [store, thread] = await withThread(() => open(path))
    await store.write([revoke(1)])
    const blocker = new Database(path)
    blocker.exec('BEGIN IMMEDIATE')
    const lost = expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const ended = thread.terminate()
    blocker.exec('ROLLBACK')
    blocker.close()
    await ended
    await lost
    const { written } = await store.write([revoke(3)])
    expect(written[0]?.seq).toBe(store.stats().seq)
    expect(store.get(words(3))?.revoked).toBe(true)
  })

  it('the write thread dies, and the file is gone when another starts', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const [store, thread] = await withThread(() => open(path))
    await store.write([revoke(1)])
    await thread.terminate()
    rmSync(path)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
    expect(existsSync(path)).toBe(false)
    const other = join(temporaryDirectory(), 'other.db')
    await (await open(other)).close()
    renameSync(other, path)
    await expect(store.write([revoke(2)])).rejects.toThrow(code('ERR_NOT_DURABLE'))
  })
})

describe('exclusive use', () => {
  const refused = code('ERR_STORE_UNAVAILABLE')

  it('is refused if the store is open, and refuses others', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const shared = await open(path)
    await expect(open(path, {}, { exclusive: true })).rejects.toThrow(refused)
    await shared.close()
    const owner = await open(path, {}, { exclusive: true })
    await expect(open(path)).rejects.toThrow(refused)
    await expect(open(path, {}, { exclusive: true })).rejects.toThrow(refused)
    await owner.write([revoke(1)])
    await owner.close()
    expect((await open(path)).stats().seq).toBe(1)
  })

  it('holds between processes, and ends with the process in any way', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const child = childWriter(path, 0, 1_000_000)
    await child.said(1)
    await expect(open(path, {}, { exclusive: true })).rejects.toThrow(refused)
    child.process.kill('SIGKILL')
    await child.ended
    await (await open(path, {}, { exclusive: true })).write([revoke(1)])
    const blocked = childWriter(path, 0, 1)
    await blocked.ended
    expect(blocked.lines).toEqual(['ERR_STORE_UNAVAILABLE'])
  })
})

describe('the purge', () => {
  it('deletes rows and tombstones whose grace is over, and leaves no gap', async () => {
    let now = NOW
    const store = await open(
      join(temporaryDirectory(), 'store.db'),
      {},
      { clock: { now: () => now }, purgeGraceSeconds: 600 },
    )
    const expiresAt = NOW / 1000 + 100
    await store.write([
      ...range(0, 20_000).map((n) => revoke(n, { expiresAt })),
      unrevoke(5),
      revoke(30_000, { expiresAt: expiresAt + 1 }),
      revoke(30_001),
    ])
    const { position } = await follow(store, { seq: 0, epoch: '' })
    now += 700_000
    expect(await store.purge()).toBe(0)
    now += 1000
    const [deleted, again] = await Promise.all([store.purge(), store.purge(), store.write([revoke(30_002)])])
    expect([deleted, again]).toEqual([20_000, 20_000])
    expect(store.get(words(1))).toBeUndefined()
    expect(store.stats().seq).toBe(position.seq + 1)
    expect((await follow(store, position)).changes.map(({ seq }) => seq)).toEqual([position.seq + 1])
    expect((await follow(store, { seq: 0, epoch: '' }, 2)).changes.map(({ seq }) => seq)).toEqual([
      position.seq - 1,
      position.seq,
      position.seq + 1,
    ])
  })
})

describe('a process', () => {
  it('may end with an idle store open, but not before a write is durable', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const run = (rest: string): void => {
      const script = `
        import { SqliteStore } from '#dist/store/sqlite/index.js'
        import { openStore, revoke } from '#dist/testing/store/fixtures.js'
        const { store } = await openStore(new SqliteStore(${JSON.stringify(path)}))
        ${rest}`
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: process.cwd(),
        timeout: 20_000,
      })
    }
    run('')
    run('await store.purge(); for await (const chunk of store.scan(0)) break')
    run('void store.write([revoke(1)])')
    expect((await open(path)).get(words(1))?.revoked).toBe(true)
  })
})
