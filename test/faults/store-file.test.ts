import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { UnknownPolicy } from 'revocade'
import { describe, expect, it } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { open, verdict } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW, until } from '../support/time.js'
import { Host } from './host.js'

const STALENESS_MS = 90
const token = (jti: string) => ({ jti, exp: TOMORROW })
const OLD = token('old')
const NEW = token('new')
const OTHER = token('other')

/** A store with OLD revoked, closed. */
async function sample(): Promise<{ store: string; folder: string }> {
  const folder = temporaryDirectory()
  const store = join(folder, 'store.db')
  const engine = await open({ store })
  await engine.revoke(OLD)
  await engine.close()
  return { store, folder }
}

/** A copy of a closed store in which NEW is revoked as well. */
async function backupWithNew({ store, folder }: { store: string; folder: string }): Promise<string> {
  const backup = join(folder, 'backup.db')
  copyFileSync(store, backup)
  const engine = await open({ store: backup, snapshot: false })
  await engine.revoke(NEW)
  await engine.close()
  return backup
}

describe('a full disk', () => {
  it('refuses revocations until there is room, and spoils no check', async () => {
    const { store } = await sample()
    const engine = await open({ store: new SqliteStore(store, { maxPageCount: 40 }) })
    const durable: string[] = []
    const refused: string[] = []
    for (let i = 0; refused.length < 5 && i < 3000; i++) {
      const jti = `t${i}`
      await engine.revoke(token(jti)).then(
        () => durable.push(jti),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'ERR_NOT_DURABLE', statusCode: 503 })
          refused.push(jti)
        },
      )
    }
    expect(refused).toHaveLength(5)
    const missing = token(refused.slice(0, 1).join())
    const group = Array.from({ length: 2000 }, (_, i) => ({ jti: `g${i}`, expiresAt: TOMORROW }))
    await expect(engine.revokeMany(group)).rejects.toMatchObject({ code: 'ERR_NOT_DURABLE' })
    for (const { jti } of group) expect(await verdict(engine, token(jti))).toBe('active')
    for (const jti of [...durable, 'old']) expect(await verdict(engine, token(jti))).toBe('revoked')
    expect(engine.isClearlyActive(OTHER)).toBe(true)
    // It is not revoked. The prefilter keeps the bit that was set before the commit failed, so the store is asked.
    expect(engine.isClearlyActive(missing)).toBe(false)
    expect(await engine.check(missing)).toMatchObject({ status: 'active', decidedBy: 'store' })

    const room = new Database(store)
    room.exec(`DELETE FROM revocations WHERE seq > 1 AND seq < ${durable.length - 100}`)
    room.close()
    await engine.revoke(missing)
    expect(await verdict(engine, missing)).toBe('revoked')
    const elsewhere = await open({ store, snapshot: false })
    expect(await verdict(elsewhere, missing)).toBe('revoked')
  })
})

describe('a store file that is deleted under a running engine', () => {
  it.each<[UnknownPolicy, number]>([
    ['throw', STALENESS_MS],
    ['revoked', STALENESS_MS],
    ['active', STALENESS_MS],
    ['throw', 0],
    ['revoked', 0],
    ['active', 0],
  ])('leaves the answer to the policy %s (Δ = %i ms) until it is back', async (onUnknown, maxStalenessMs) => {
    const { store, folder } = await sample()
    const backup = await backupWithNew({ store, folder })
    const engine = await open({ store, onUnknown, maxStalenessMs })
    expect(await verdict(engine, NEW)).toBe('active')
    rmSync(store)
    const deletedAt = performance.now()
    while (performance.now() - deletedAt <= maxStalenessMs) {
      // Within Δ it may still know; it must not make anything up.
      expect(['active', onUnknown === 'throw' ? 'unknown' : onUnknown]).toContain(
        await verdict(engine, OTHER),
      )
      await sleep(5)
    }
    const before = engine.stats().decided.policy
    for (const asked of [OLD, OTHER]) {
      expect(engine.isClearlyActive(asked)).toBe(false)
      const found = await engine.check(asked)
      expect(found).toMatchObject({
        status: onUnknown === 'throw' ? 'unknown' : onUnknown,
        decidedBy: 'policy',
      })
      expect(found.reason).toContain('replaced or deleted')
      if (onUnknown === 'throw')
        await expect(engine.isRevoked(asked)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
      else expect(await engine.isRevoked(asked)).toBe(onUnknown === 'revoked')
      // A call's own policy goes before the engine's.
      expect(await engine.isRevoked(asked, { onUnknown: 'revoked' })).toBe(true)
    }
    expect(engine.stats().decided.policy - before).toBe(6)
    expect(engine.stats().store.fault).toBe('ERR_STORE_UNAVAILABLE')
    await expect(engine.revoke(OTHER)).rejects.toMatchObject({ statusCode: 503 })
    expect(statSync(store, { throwIfNoEntry: false })).toBeUndefined()

    renameSync(backup, store)
    await until(
      'the engine has found the restored file',
      async () => (await engine.check(OTHER)).decidedBy !== 'policy',
    )
    for (const asked of [OLD, NEW]) expect(await verdict(engine, asked)).toBe('revoked')
    // Refused, and so not revoked.
    expect(await verdict(engine, OTHER)).toBe('active')
    await engine.revoke(OTHER)
    expect(await verdict(engine, OTHER)).toBe('revoked')
    await until('the prefilter answers again', () => engine.isClearlyActive(token('another')))
  })

  it.each<[string, (store: string) => void]>([
    ['deleted', (store) => rmSync(store)],
    [
      'replaced by garbage',
      (store) => {
        writeFileSync(`${store}.new`, 'no database '.repeat(1000))
        renameSync(`${store}.new`, store)
      },
    ],
    [
      'replaced by an empty file',
      (store) => {
        writeFileSync(`${store}.new`, '')
        renameSync(`${store}.new`, store)
      },
    ],
  ])('costs no process its life, whatever Δ is: %s', async (_how, harm) => {
    await Promise.all(
      [{ maxStalenessMs: 0 }, { maxStalenessMs: STALENESS_MS }, { exclusive: true }].map(async (options) => {
        const { store, folder } = await sample()
        const backup = await backupWithNew({ store, folder })
        const host = await Host.open({ store, ...options })
        expect(await host.verdicts([OLD, OTHER])).toEqual(['revoked', 'active'])
        harm(store)
        for (let i = 0; i < 40; i++) {
          expect(['revoked', 'unknown']).toContain((await host.verdicts([OLD, OTHER]))[0])
          await sleep(10)
        }
        await expect(host.revoke(OTHER)).rejects.toHaveProperty('code')
        renameSync(backup, store)
        await until(
          'the engine has found the restored file',
          async () => (await host.verdicts([NEW]))[0] === 'revoked',
        )
        await host.revoke(OTHER)
        expect(await host.verdicts([OLD, OTHER])).toEqual(['revoked', 'revoked'])
        await host.close()
      }),
    )
  })
})

describe('a store file that is replaced under a running engine', () => {
  it.each([STALENESS_MS, 0])('decides from then on (Δ = %i ms)', async (maxStalenessMs) => {
    const { store, folder } = await sample()
    const backup = await backupWithNew({ store, folder })
    const engine = await open({ store, maxStalenessMs })
    expect(await verdict(engine, NEW)).toBe('active')
    renameSync(backup, store)
    const replacedAt = performance.now()
    let late = 0
    for (let found = ''; late === 0 || found !== 'revoked';) {
      const start = performance.now()
      found = await verdict(engine, NEW)
      if (start - replacedAt > maxStalenessMs) {
        late++
        expect(found).not.toBe('active')
      }
      await sleep(1)
    }
    expect(await verdict(engine, OLD)).toBe('revoked')
    await engine.revoke(OTHER)
    const elsewhere = await open({ store, snapshot: false })
    for (const asked of [OLD, NEW, OTHER]) expect(await verdict(elsewhere, asked)).toBe('revoked')
  })

  it('is noticed by the first check after a stall: no timer has had a chance', async () => {
    const { store, folder } = await sample()
    const backup = await backupWithNew({ store, folder })
    const host = await Host.open({ store, maxStalenessMs: STALENESS_MS })
    expect(await host.verdicts([OLD, NEW])).toEqual(['revoked', 'active'])
    const [begun, over] = [join(folder, 'begun'), join(folder, 'over')]
    const stalled = host.stallBetween(begun, over, [NEW, OLD])
    await until('its event loop is blocked', () => existsSync(begun))
    renameSync(backup, store)
    await sleep(STALENESS_MS + 1)
    writeFileSync(over, '')
    const { direct, asked } = await stalled
    expect(direct).toEqual([false, false])
    // The old file is still open and would say 'active'.
    expect(asked[0]).not.toBe('active')
    expect(asked[1]).not.toBe('active')
  })

  it('may be an older backup, whose sequence numbers are used again', async () => {
    const { store, folder } = await sample()
    const backup = join(folder, 'backup.db')
    copyFileSync(store, backup)
    const engine = await open({ store, maxStalenessMs: STALENESS_MS })
    const host = await Host.open({ store, maxStalenessMs: STALENESS_MS })
    for (let i = 0; i < 20; i++) await engine.revoke(token(`lost${i}`))
    expect(await verdict(engine, token('lost7'))).toBe('revoked')
    renameSync(backup, store)
    await until(
      'both have found it',
      async () =>
        (await verdict(engine, token('lost7'))) === 'active' &&
        (await host.verdicts([token('lost7')]))[0] === 'active',
    )
    // As many changes as before, so that the head has the number that both have seen already.
    for (let i = 0; i < 20; i++) expect(await host.revoke(token(`again${i}`))).toBe(2 + i)
    await sleep(STALENESS_MS + 1)
    for (let i = 0; i < 20; i++) {
      expect(await verdict(engine, token(`again${i}`))).toBe('revoked')
      expect(await verdict(engine, token(`lost${i}`))).toBe('active')
    }
  })
})

describe('a damaged store file', () => {
  it('never makes a revoked token active, and is not opened again', async () => {
    const folder = temporaryDirectory()
    const store = join(folder, 'store.db')
    const tokens = Array.from({ length: 6000 }, (_, i) => token(`t${i}`))
    const first = await open({ store })
    await first.revokeMany(tokens.map(({ jti }) => ({ jti, expiresAt: TOMORROW })))
    await first.close()
    const host = await Host.open({ store, maxStalenessMs: STALENESS_MS })
    expect(await host.verdicts(tokens.slice(0, 1))).toEqual(['revoked'])

    // All but the first pages; not through SQLite, as a failing disk would.
    const pages = Math.floor(statSync(store).size / 4096)
    const file = openSync(store, 'r+')
    for (let page = 8; page < pages; page++) writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096)
    fsyncSync(file)
    closeSync(file)

    const sampled = tokens.filter((_, i) => i % 23 === 0)
    const found = await host.verdicts(sampled)
    expect(found).not.toContain('active')
    expect(found).toContain('unknown')
    expect((await host.stats()).decided.policy).toBe(found.filter((status) => status === 'unknown').length)
    await host.kill()
    const next = await Host.start()
    await expect(next.open({ store, snapshot: false })).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
  })
})
