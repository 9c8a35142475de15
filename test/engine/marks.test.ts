import { join } from 'node:path'
import { createPermissions } from 'revocade/permissions'
import { MemoryStore } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { openNamespace } from '#dist/cli/transfer/open-store.js'
import { RowWriter } from '#dist/cli/transfer/row-writer.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { TokenDigester } from '#dist/token/identify.js'
import { travels } from '../permissions/travel.js'
import { open } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { nowSeconds } from '../support/time.js'

const QUICK = { maxStalenessMs: 100, snapshot: false }

/** A store file with one mark in it, and when that ends. */
async function marked(clock?: { now(): number; monotonic(): bigint }) {
  const store = join(temporaryDirectory(), 'revocade.db')
  const engine = await open({ store, ...QUICK, clock })
  await createPermissions(engine, { load: () => 1, ttlSeconds: 60 }).invalidate({ sub: 'u' })
  return { store, engine }
}

describe('a mark', () => {
  it('travels through a store in memory, and is no revocation', async () => {
    const store = new MemoryStore()
    let first = true
    await travels(() => {
      const options = { store: first ? store : new MemoryStore(store), ...QUICK }
      first = false
      return options
    })
  })

  it('travels through a file, and is no revocation', async () => {
    const store = join(temporaryDirectory(), 'revocade.db')
    await travels(() => ({ store, ...QUICK }))
  })

  it('stays in one commit with its tombstone, however many are made at once', async () => {
    const { store, engine } = await marked()
    const permissions = createPermissions(engine, { load: () => 1 })
    const receipts = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        i % 2 === 0
          ? permissions.invalidate({ sub: `u${i % 5}` })
          : engine.revoke({ jti: String(i), exp: nowSeconds() + 600 }),
      ),
    )
    expect(new Set(receipts.map(({ seq }) => seq)).size).toBe(200)
    const revoked = []
    for await (const { target } of (await open({ store, ...QUICK })).list()) revoked.push(target)
    expect(revoked).toHaveLength(100)
  })

  it('names no claim in the store, and is not copied to another one', async () => {
    const { store } = await marked()
    const [source, target] = [await openNamespace({ store }), await openNamespace({ store: `${store}-copy` })]
    const rows = await source.store.list({ afterSeq: 0, limit: 10 })
    expect(rows).toMatchObject([{ seq: 2, revoked: false, target: { kind: 'hash' } }])
    expect(JSON.stringify(rows)).toMatch(/"sha256":"[0-9a-f]{32}0{32}"/)
    const writer = new RowWriter(target, true)
    await writer.write(rows)
    expect(writer.totals).toEqual({ written: 0, present: 0, takenBack: 0 })
    expect(target.store.stats().seq).toBe(0)
    await Promise.all([source.store.close(), target.store.close()])
  })

  it('is purged after the longest time for which a value is kept', async () => {
    let now = Date.now()
    const clock = { now: () => now, monotonic: () => process.hrtime.bigint() }
    const { store, engine } = await marked(clock)
    await engine.close()
    const file = new SqliteStore(store)
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    }
    const context = { secret: undefined, exclusive: false, purgeGraceSeconds: 600, clock, logger }
    await file.open({ namespace: 'default', ...context })
    now += 600_000
    expect(await file.purge()).toBe(0)
    now += 122_000 // and the clock tolerance of the engine
    expect(await file.purge()).toBe(1)
    await file.close()
  })

  it('has a digest that no token and no selector has', () => {
    const options = { key: new Uint8Array(16), namespace: 'n', idClaims: ['jti'], maxTokenBytes: 1000 }
    const { targets } = new TokenDigester(options)
    const digests = [
      targets.mark(['permissions', 'a'], {}).join(),
      targets.mark(['permissions', 'sub'], {}).join(),
      targets.mark(['permissions', 'a'], { sub: 'u' }).join(),
      targets.mark(['verified', 'a'], { sub: 'u' }).join(),
      targets.mark(['permissions', 'a'], { sub: 'u', tenant: 't' }).join(),
      targets.target({ kind: 'selector', where: { sub: 'u' } }).join(),
      targets.target({ kind: 'selector', where: {} }).join(),
      targets.target({ kind: 'id', claim: 'sub', id: 'u' }).join(),
    ]
    expect(new Set(digests).size).toBe(digests.length)
    expect(targets.mark(['permissions', 'a'], { sub: 7 }).join()).toBe(
      targets.mark(['permissions', 'a'], { sub: '7' }).join(),
    )
  })
})
