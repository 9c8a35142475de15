import { createRequire, syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { revoke } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: unknown }
const realWorker = threads.Worker

/** From now on, no thread can be started, as if the limit of the container were reached. */
function refuseThreads(): { attempts: number } {
  const seen = { attempts: 0 }
  threads.Worker = function refuse() {
    seen.attempts++
    throw new Error('Worker initialization failure: EAGAIN')
  }
  syncBuiltinESMExports()
  return seen
}

function allowThreads(): void {
  threads.Worker = realWorker
  syncBuiltinESMExports()
}

/** The threads that are started from now on. */
function watchThreads(): Worker[] {
  const started: Worker[] = []
  process.on('worker', (worker) => started.push(worker))
  return started
}

const storeFile = (): string => join(temporaryDirectory(), 'store.db')
const error = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as unknown })

afterEach(() => {
  allowThreads()
  process.removeAllListeners('worker')
})

describe('without threads', () => {
  it('opening a store is refused', async () => {
    refuseThreads()
    const opening = open(storeFile())
    await expect(opening).rejects.toThrow(error('ERR_STORE_UNAVAILABLE', /can't be started.*EAGAIN.*limits/))
  })

  it('a write ends with an error, and works once there are threads again', async () => {
    const started = watchThreads()
    const store = await open(storeFile())
    await store.write([revoke(1)])
    const seen = refuseThreads()
    await started[0]?.terminate()
    for (let n = 2; n < 5; n++)
      await expect(store.write([revoke(n)])).rejects.toThrow(error('ERR_NOT_DURABLE', /EAGAIN/))
    expect(seen.attempts).toBe(3)
    allowThreads()
    const { written } = await store.write([revoke(9)])
    expect(written[0]?.seq).toBe(2)
  })

  it('a store closes, also with a write under way', async () => {
    const started = watchThreads()
    const store = await open(storeFile())
    refuseThreads()
    await started[0]?.terminate()
    await expect(store.write([revoke(1)])).rejects.toThrow(error('ERR_NOT_DURABLE', /EAGAIN/))
    const write = store.write([revoke(2)]).catch((cause: unknown) => cause)
    await store.close()
    expect(await write).toEqual(error('ERR_NOT_DURABLE', /EAGAIN/))
  })

  it('a scan fails, and works once there are threads again', async () => {
    const store = await open(storeFile())
    await store.write(Array.from({ length: 10_000 }, (_, n) => revoke(n)))
    refuseThreads()
    await expect(store.scan(0).next()).rejects.toThrow(error('ERR_STORE_UNAVAILABLE', /EAGAIN/))
    allowThreads()
    const scan = store.scan(0)
    expect((await scan.next()).value).toMatchObject({ total: 10_000 })
    await scan.return({ position: { seq: 0, epoch: '' }, selectors: [] })
  })

  it('a scan of a small store works', async () => {
    const store = await open(storeFile())
    await store.write([revoke(1), revoke(2)])
    const seen = refuseThreads()
    const scan = store.scan(0)
    expect((await scan.next()).value).toMatchObject({ total: 2 })
    expect(await scan.next()).toMatchObject({ done: true, value: { position: { seq: 2 } } })
    expect(seen.attempts).toBe(0)
  })

  it('the file is checked later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const warn = vi.fn()
    const logger = { debug: warn, info: warn, warn, error: warn }
    const store = await open(storeFile(), { integrityCheckDelayMs: 5000 }, { logger })
    refuseThreads()
    vi.advanceTimersByTime(5000)
    expect(store.stats().integrity).toBe('unknown')
    vi.advanceTimersByTime(600_000)
    expect(warn).toHaveBeenCalledOnce()
    allowThreads()
    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    await expect.poll(() => store.stats().integrity, { timeout: 60_000 }).toBe('ok')
  })
})
