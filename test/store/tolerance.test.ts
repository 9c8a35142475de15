import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { digestOf, follow, NOW, openStore, revoke, unrevoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

const SECOND = NOW / 1000
const file = (): string => join(temporaryDirectory(), 'store.db')
/** What an engine with this tolerance tells a store. */
const engine = (clockToleranceSeconds: number, now = () => NOW) => ({
  clockToleranceSeconds,
  purgeGraceSeconds: clockToleranceSeconds + 600,
  clock: { now },
})

it('a purge keeps what the engine with the largest tolerance honours, in any namespace', async () => {
  const path = file()
  let now = NOW
  const large = await open(path, {}, { ...engine(5000), namespace: 'tenant' })
  await large.write([revoke(1, { expiresAt: SECOND - 4000 }), revoke(2, { expiresAt: SECOND - 4001 })])
  await large.close()
  const small = await open(
    path,
    {},
    engine(60, () => now),
  )
  now += 1_599_000
  expect(await small.purge()).toBe(0)
  now += 1000
  expect(await small.purge()).toBe(1)
  now += 1000
  expect(await small.purge()).toBe(1)
})

it('a purge takes up a larger tolerance while the store is open', async () => {
  const path = file()
  const small = await open(path, {}, engine(60))
  await open(path, {}, engine(5000))
  await small.write([revoke(1, { expiresAt: SECOND - 5000 })])
  expect(await small.purge()).toBe(0)
  expect(small.get(wordsOf(digestOf(1)))?.revoked).toBe(true)
})

it('the tolerance of a store is raised again by the next commit after somebody lowered it', async () => {
  const path = file()
  const large = await open(path, {}, engine(5000))
  const small = await open(path, {}, engine(60))
  expect(small.stats()).toMatchObject({ clockToleranceSeconds: 5000 })
  const lowered = new Database(path)
  lowered.exec("DELETE FROM meta WHERE key = 'clock_tolerance'") // as docs/options.md has it
  lowered.close()
  await follow(small, { seq: 0, epoch: '' })
  expect([small.clockToleranceSeconds, large.clockToleranceSeconds]).toEqual([60, 5000])
  // Before an engine that still uses the larger one acknowledges anything.
  await large.write([revoke(1, { expiresAt: SECOND - 4000 })])
  expect((await small.write([unrevoke(1)])).written).toMatchObject([{ seq: 2 }])
  await follow(small, { seq: 0, epoch: '' })
  expect(small.clockToleranceSeconds).toBe(5000)
})

it('a store that cannot keep its tolerance is not opened', async () => {
  const path = file()
  await (await open(path, {}, engine(60))).close()
  const reader = new Database(path)
  reader.exec("CREATE TRIGGER refuse BEFORE UPDATE ON meta BEGIN SELECT raise(ABORT, 'refused'); END")
  reader.close()
  await expect(openStore(new SqliteStore(path), engine(5000))).rejects.toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
  })
})
