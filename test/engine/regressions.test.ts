import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import {
  configure,
  createRevocade,
  defaultRevocade,
  isRevoked,
  type Revocade,
  type RevocadeOptions,
  type Token,
} from 'revocade'
import { describe, expect, it } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { temporaryDirectory } from '../support/temp.js'
import { ManualClock, nowSeconds } from '../support/time.js'

// What was found by trying to break it, each as small as it gets.

const directory = temporaryDirectory()
let count = 0
const path = (): string => join(directory, `${++count}.db`)
const open = (options: RevocadeOptions = {}): Promise<Revocade> =>
  createRevocade({ store: path(), ...options })
const now = nowSeconds()
const coded = (code: string) => expect.objectContaining({ name: 'RevocadeError', code }) as Error

/** How often the event loop turns while something runs. */
async function turnsDuring(run: () => Promise<unknown>): Promise<number> {
  let turns = -1
  let next: NodeJS.Immediate | undefined
  const turn = (): void => {
    turns++
    next = setImmediate(turn)
  }
  turn()
  await run()
  clearImmediate(next)
  return turns
}

describe('between its expiry and the end of the clock tolerance a revocation', () => {
  const start = async () => {
    const clock = new ManualClock()
    const engine = await open({ clock, clockToleranceSeconds: 60, maxTokenLifetimeSeconds: 3600 })
    return { clock, engine, second: clock.wall / 1000 }
  }

  it('is not narrowed by an earlier cutoff', async () => {
    const { clock, engine, second } = await start()
    const token = { jti: 'a', sub: 'u', iat: second - 5, exp: second + 3600 }
    await engine.revokeWhere({ sub: 'u' })
    clock.advance(3_610_000)
    await expect(engine.isRevoked(token)).resolves.toBe(true)
    await engine.revokeWhere({ sub: 'u' }, { issuedBefore: second - 100, expiresAt: second + 9999 })
    await expect(engine.isRevoked(token)).resolves.toBe(true)
    await engine.close()
  })

  it('is not shortened by an earlier expiry', async () => {
    const { clock, engine, second } = await start()
    await engine.revoke({ jti: 'a', exp: second + 100 })
    clock.advance(110_000)
    const { expiresAt } = await engine.revoke({ jti: 'a' }, { expiresAt: second + 60 })
    expect(expiresAt.getTime() / 1000).toBe(second + 100)
    clock.advance(15_000)
    await expect(engine.isRevoked({ jti: 'a' })).resolves.toBe(true)
    await engine.close()
  })

  it('can be taken back', async () => {
    const { clock, engine, second } = await start()
    await engine.revoke({ jti: 'a', exp: second + 100 })
    clock.advance(110_000)
    await expect(engine.unrevoke({ jti: 'a' })).resolves.toMatchObject({ outcome: 'unrevoked' })
    await expect(engine.isRevoked({ jti: 'a' })).resolves.toBe(false)
    await engine.close()
  })
})

describe('a store that was set back in place', () => {
  it('is noticed when another process reuses a sequence number', async () => {
    const store = path()
    const backup = path()
    const restore = async (from: string, to: string): Promise<void> => {
      const db = new Database(from)
      await db.backup(to)
      db.close()
    }
    const slow = await createRevocade({ store, snapshot: false, maxStalenessMs: 600 })
    const quick = await createRevocade({ store, snapshot: false, maxStalenessMs: 15 })
    const exp = now + 3600
    await quick.revoke({ jti: 'first', exp })
    await slow.revoke({ jti: 'second', exp })
    await new Promise((resolve) => setTimeout(resolve, 300)) // both have polled
    await restore(store, backup)
    await slow.revoke({ jti: 'lost', exp })
    await new Promise((resolve) => setTimeout(resolve, 150)) // the quick one has seen it
    await restore(backup, store)
    await quick.revoke({ jti: 'theirs', exp })
    await slow.revoke({ jti: 'ours', exp })
    await new Promise((resolve) => setTimeout(resolve, 900)) // more than Δ
    await expect(slow.isRevoked({ jti: 'theirs' })).resolves.toBe(true)
    await slow.close()
    await quick.close()
  })

  it('does not take a commit of another epoch for the next change', async () => {
    const engine = await engineHarness(new ModelStore(), { clock: new ManualClock(), maxStalenessMs: 1000 })
    const change = (seq: number) => ({
      digest: new Int32Array([1, 2, 3, 4]),
      seq,
      revoked: true,
      expiresAt: now + 60,
    })
    engine.sync.committed(change(1), { epoch: 'a', written: [] })
    engine.sync.committed(change(2), { epoch: 'a', written: [] })
    expect(engine.sync.position).toEqual({ seq: 2, epoch: 'a' })
    engine.sync.committed(change(3), { epoch: 'b', written: [] })
    expect(engine.sync.position).toEqual({ seq: 2, epoch: 'a' })
  })
})

describe('a snapshot that can be neither written nor removed', () => {
  it('does not end the process, as when its name is too long', async () => {
    const engine = await createRevocade({ store: join(directory, 'n'.repeat(225)) })
    await engine.revoke({ jti: 'a', exp: now + 60 })
    await engine.close()
  })

  it('does not keep the store from being closed', async () => {
    const folder = join(directory, 'folder')
    mkdirSync(folder)
    const engine = await createRevocade({ store: join(folder, 'a.db') })
    renameSync(folder, join(directory, 'moved'))
    writeFileSync(folder, 'no folder')
    await engine.close()
    expect(() => engine.stats()).toThrow(coded('ERR_CLOSED'))
  })
})

describe('the event loop turns', () => {
  it('while revokeMany reads what it does not write', async () => {
    const engine = await open()
    const expired = function* () {
      for (let i = 0; i < 400_000; i++) yield { jti: `j${i}`, expiresAt: 1000 }
    }
    const turns = await turnsDuring(() => engine.revokeMany(expired()))
    expect(turns).toBeGreaterThan(5)
    await engine.close()
  })

  it('while a listing is read', async () => {
    const engine = await open()
    await engine.revokeMany(Array.from({ length: 20_000 }, (_, i) => ({ jti: i, expiresAt: now + 600 })))
    let rows = 0
    const turns = await turnsDuring(async () => {
      for await (const { seq } of engine.list()) rows += seq > 0 ? 1 : 0
    })
    expect(rows).toBe(20_000)
    expect(turns).toBeGreaterThan(5)
    await engine.close()
  })
})

it('concurrent calls of revokeMany share the room in the queue', async () => {
  const engine = await open()
  const entries = (prefix: string) =>
    Array.from({ length: 50_000 }, (_, i) => ({ jti: `${prefix}${i}`, expiresAt: now + 600 }))
  const done = await Promise.all(['a', 'b', 'c', 'd'].map((prefix) => engine.revokeMany(entries(prefix))))
  expect(done.map((receipt) => receipt.count)).toEqual([50_000, 50_000, 50_000, 50_000])
  await engine.close()
}, 60_000)

describe('what callers get wrong', () => {
  it('is a rejection, not an exception: check', async () => {
    const engine = await open()
    const wrong = engine.check({ jti: 'a' }, { onUnknwon: 'active' } as object)
    await expect(wrong).rejects.toThrow(coded('ERR_CONFIG'))
    await engine.close()
  })

  it('has a code: revokeMany, cacheEntries', async () => {
    const engine = await open()
    for (const entries of [undefined, null, {}, 7, 'abc']) {
      await expect(engine.revokeMany(entries as [])).rejects.toThrow(coded('ERR_CONFIG'))
    }
    await expect(engine.revokeMany([], { onInvalid: 1 as unknown as () => void })).rejects.toThrow(
      coded('ERR_CONFIG'),
    )
    await expect(engine.revokeMany([], { onProgress: {} as () => void })).rejects.toThrow(coded('ERR_CONFIG'))
    await engine.close()
    await expect(open({ cacheEntries: 0.5 })).rejects.toThrow(coded('ERR_CONFIG'))
  })

  it('is not taken for claims without selectors', async () => {
    const engine = await open({ maxTokenLifetimeSeconds: 3600 })
    const wrapped = [
      Promise.resolve({ sub: 'u' }),
      { header: {}, payload: { sub: 'u' }, signature: 'x' },
      { payload: { sub: 'u' }, protectedHeader: {} },
      new String('opaque'),
      { header: {}, payload: { sub: 'u' }, token: 'x' },
      { claims: { sub: 'u' } },
      { content: { sub: 'u' } },
    ]
    const refusesAll = async (): Promise<void> => {
      for (const token of wrapped) {
        await expect(engine.isRevoked(token as Token, { selectorsOnly: true })).rejects.toThrow(
          coded('ERR_TOKEN_NOT_IDENTIFIABLE'),
        )
      }
    }
    await refusesAll()
    await engine.revokeWhere({}, { issuedBefore: 1 })
    await refusesAll()
    await engine.unrevokeWhere({})
    await refusesAll()
    await engine.close()
  })
})

it('a store that is refused to a second engine is not closed under the first', async () => {
  const store = new SqliteStore(path())
  const engine = await open({ store })
  await expect(open({ store })).rejects.toThrow(coded('ERR_CONFIG'))
  await engine.revoke({ jti: 'a', exp: now + 60 })
  await expect(engine.isRevoked({ jti: 'a' })).resolves.toBe(true)
  await engine.close()
})

it('a token with an unusable exp can be revoked with an expiresAt', async () => {
  const engine = await open()
  await engine.revoke({ jti: 'a', exp: 'never' }, { expiresAt: now + 60 })
  await expect(engine.isRevoked({ jti: 'a' })).resolves.toBe(true)
  await engine.close()
})

it('the default engine waits for its predecessor, and survives its second close()', async () => {
  configure({ store: path(), exclusive: true })
  const first = await defaultRevocade()
  const closing = first.close()
  await expect(isRevoked({ jti: 'a' })).resolves.toBe(false)
  await closing
  const second = await defaultRevocade()
  await first.close()
  expect(await defaultRevocade()).toBe(second)
  await second.close()
})
