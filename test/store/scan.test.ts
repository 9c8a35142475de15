import { once } from 'node:events'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import type { SqliteStore } from '#dist/store/sqlite/index.js'
import { revoke } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

/** More chunks than a scan thread sends ahead. */
const ROWS = 30_000

async function filled(): Promise<SqliteStore> {
  const store = await open(join(temporaryDirectory(), 'store.db'))
  await store.write(Array.from({ length: ROWS }, (_, n) => revoke(n)))
  return store
}

/** A scan that has delivered one chunk, and its thread. */
async function begun(store: SqliteStore): Promise<[ReturnType<SqliteStore['scan']>, Worker]> {
  const started = once(process, 'worker') as Promise<[Worker]>
  const scan = store.scan(0)
  expect((await scan.next()).done).toBe(false)
  return [scan, (await started)[0]]
}

it('a scan that is left early ends its thread', async () => {
  const [scan, thread] = await begun(await filled())
  const exited = once(thread, 'exit')
  await scan.return({ position: { seq: 0, epoch: '' }, selectors: [] })
  await exited
})

it('a scan whose thread ends delivers what it sent, then rejects', async () => {
  const [scan, thread] = await begun(await filled())
  await thread.terminate()
  const rest = async (): Promise<void> => {
    for await (const chunk of scan) expect(chunk.total).toBe(ROWS)
  }
  await expect(rest()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
})

it('a scan whose thread fails rejects with a RevocadeError', async () => {
  const [scan, thread] = await begun(await filled())
  thread.emit('error', new Error('out of memory'))
  const rest = async (): Promise<void> => {
    for await (const chunk of scan) expect(chunk.total).toBe(ROWS)
  }
  await expect(rest()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', name: 'RevocadeError' })
})
