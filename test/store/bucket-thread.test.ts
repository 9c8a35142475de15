import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it, onTestFinished, vi } from 'vitest'
import { fileIdentities } from '#dist/store/sqlite/file/file-identity.js'
import type { NamespaceIdentity } from '#dist/store/sqlite/file/store-identity.js'
import type { StorePath } from '#dist/store/sqlite/file/store-path.js'
import { BucketThread } from '#dist/store/sqlite/read/bucket-thread.js'
import { revoke } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

const place = (path: string): StorePath => ({ given: path, real: path })

/** A thread that reads the files of an open store. */
function thread(path: string, files = fileIdentities(place(path))): BucketThread {
  const one = new BucketThread({ place: place(path), files }, namespaceIn(path))
  onTestFinished(() => one.stop())
  return one
}

function namespaceIn(path: string): NamespaceIdentity {
  const db = new Database(path, { readonly: true })
  const meta = db.prepare<[string], Buffer>('SELECT value FROM meta WHERE key = ?').pluck()
  const [id, key] = [String(meta.get('id')), meta.get('key') ?? Buffer.alloc(16)]
  db.close()
  return { id, key, namespace: 'default', namespaceId: 1 }
}

it('the thread reads the same as the main thread', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  await store.write([1, 2, 3].map((n) => revoke(n)))
  const atOnce = await store.buckets.read(0, 0, undefined)
  const read = await thread(path).read(0, 0)
  if (atOnce.status !== 'ok' || read.status !== 'ok') throw new Error('not read')
  expect({ ...read, version: { ...read.version, tag: Buffer.from(read.version.tag) } }).toEqual(atOnce)
  expect(read).toMatchObject({ whole: true, rows: 3 })
})

it('the thread sees every commit that came before the request', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  const one = thread(path)
  for (let n = 1; n <= 50; n++) {
    await store.write([revoke(n)])
    expect(await one.read(0, 0)).toMatchObject({ status: 'ok', rows: n, version: { seq: n } })
  }
})

it('the thread reports another number of buckets', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  await store.write([revoke(1)])
  expect(await thread(path).read(0, 3)).toEqual({ status: 'layout-changed' })
})

it('the store reads in the thread only in the background and from many buckets', async () => {
  const store = await open(join(temporaryDirectory(), 'store.db'))
  await store.write([revoke(1)])
  expect(store.buckets.read(0, 0, undefined, true)).not.toBeInstanceOf(Promise)
  await store.buckets.split(8)
  expect(store.buckets.read(0, 8, undefined)).not.toBeInstanceOf(Promise)
  const read = store.buckets.read(0, 8, undefined, true)
  expect(read).toBeInstanceOf(Promise)
  expect(await read).toMatchObject({ status: 'ok', whole: true })
})

it('the thread refuses another file at the path', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  await store.write([revoke(1)])
  const meant = fileIdentities(place(path))
  await store.close()
  copyFileSync(path, `${path}-copy`)
  renameSync(`${path}-copy`, path)
  const one = thread(path, meant)
  await expect(one.read(0, 0)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  expect(one.isWorthIt(16)).toBe(false)
})

it('a stopped thread rejects its requests; a later request starts another', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  await store.write([revoke(1)])
  const one = thread(path)
  const waiting = Promise.allSettled([one.read(0, 0), one.read(0, 0)])
  const stopped = one.stop()
  const again = one.read(0, 0)
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await stopped
  expect(await again).toMatchObject({ status: 'ok', rows: 1 })
  expect(one.isWorthIt(16)).toBe(true)
})

it('the store reads by itself if the thread cannot be used', async () => {
  const store = await open(join(temporaryDirectory(), 'store.db'))
  await store.write([revoke(1)])
  await store.buckets.split(8)
  const read = vi.spyOn(BucketThread.prototype, 'read').mockRejectedValue(new Error('no thread'))
  onTestFinished(() => read.mockRestore())
  expect(await store.buckets.read(0, 8, undefined, true)).toMatchObject({ status: 'ok', whole: true })
  expect(read).toHaveBeenCalledOnce()
})

it('each request gets its own answer after a thread failed to start', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  await store.write(Array.from({ length: 50 }, (_, n) => revoke(n)))
  await store.buckets.split(8)
  const one = thread(path)
  const stop = vi.spyOn(URL.prototype, 'href', 'get').mockImplementation(() => {
    throw new Error('no more threads')
  })
  await expect(one.read(1, 8)).rejects.toThrow()
  stop.mockRestore()
  expect(one.isWorthIt(8)).toBe(false)
  const [second, third] = await Promise.all([one.read(2, 8), one.read(3, 8)])
  expect([second, third]).toMatchObject([{ version: { bucket: 2 } }, { version: { bucket: 3 } }])
})
