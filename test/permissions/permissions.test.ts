import { setImmediate } from 'node:timers/promises'
import { createPermissions, type Permissions } from 'revocade/permissions'
import { describe, expect, it } from 'vitest'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { ManualClock, until } from '../support/time.js'
import { Database, engineOf, manual, USER } from './world.js'

describe('permissions', () => {
  it('that are invalidated while they load are kept by nobody (P1)', async () => {
    const { database, permissions } = await manual()
    database.isLate = true
    const old = permissions.get(USER)
    await until('the database was asked', () => database.loads === 1)
    database.isLate = false
    database.version = 1
    await permissions.invalidate({ sub: 'u' })
    const next = permissions.get(USER)
    await setImmediate() // Nothing between it and the database takes longer.
    expect(database.loads).toBe(2)
    expect(await next).toBe(1)
    database.reply()
    expect(await old).toBe(0) // It had asked before.
    expect(await permissions.get(USER)).toBe(1)
    expect(database.loads).toBe(2)
  })

  it('are not older than Δ where another engine invalidates (P2)', async () => {
    const { clock, database, one, permissions, elsewhere } = await manual()
    expect(await permissions.get(USER)).toBe(0)
    database.version = 1
    await elsewhere.invalidate({ sub: 'u' })
    expect(await permissions.get(USER)).toBe(0) // within Δ
    clock.advance(99)
    await one.sync.poll()
    expect(await permissions.get(USER)).toBe(1)
  })

  it('are loaded again while the lease has run out (P2)', async () => {
    const { clock, database, permissions, elsewhere } = await manual()
    expect(await permissions.get(USER)).toBe(0)
    database.version = 1
    await elsewhere.invalidate({ sub: 'u' })
    clock.advance(101)
    expect(await permissions.get(USER)).toBe(1)
  })

  it('of a load that began before Δ are not shared while the lease has run out (P2)', async () => {
    const { clock, database, permissions, elsewhere } = await manual()
    database.isLate = true
    const old = permissions.get(USER)
    await until('the database was asked', () => database.loads === 1)
    database.isLate = false
    database.version = 1
    await elsewhere.invalidate({ sub: 'u' })
    clock.advance(101)
    const next = permissions.get(USER)
    await setImmediate()
    expect(database.loads).toBe(2)
    expect(await next).toBe(1)
    database.reply()
    expect(await old).toBe(0)
  })

  it('are dropped when the store has another history (P3)', async () => {
    const { database, store, one, permissions } = await manual()
    await one.writer.revoke({ jti: 'x', exp: 1_900_000_000 })
    const restore = store.backup()
    await one.writer.revoke({ jti: 'y', exp: 1_900_000_000 })
    await one.sync.poll()
    expect(await permissions.get(USER)).toBe(0)
    database.version = 1 // and the invalidation is lost with the store's last changes
    restore()
    await one.sync.poll()
    expect(await permissions.get(USER)).toBe(1)
  })

  it('of fifty callers are loaded once, and an error is not kept (P4)', async () => {
    const { database, permissions } = await manual()
    const got = await Promise.all(Array.from({ length: 50 }, () => permissions.get(USER)))
    expect(new Set(got).size).toBe(1)
    expect(database.loads).toBe(1)
    let fails = true
    const failing = createPermissions(engineOf((await manual()).one), {
      load: () => {
        if (fails) throw new RangeError('no such user')
        return 'found'
      },
    })
    await expect(failing.get(USER)).rejects.toThrow('no such user')
    fails = false
    expect(await failing.get(USER)).toBe('found')
  })

  it('of everybody are dropped by an invalidation without claims (P5)', async () => {
    const { clock, database, one, permissions, elsewhere } = await manual()
    const users = Array.from({ length: 20 }, (_, i) => ({ sub: `u${i}` }))
    const all = (kept: Permissions<number>) => Promise.all(users.map((user) => kept.get(user)))
    await all(permissions)
    database.version = 1
    await elsewhere.invalidate()
    clock.advance(50)
    await one.sync.poll()
    expect(new Set(await all(permissions))).toEqual(new Set([1]))
    database.version = 2
    await permissions.invalidate({})
    expect(new Set(await all(permissions))).toEqual(new Set([2]))
  })

  it('expire by the time at which their load began, by a clock set back too', async () => {
    const { clock, database, one, permissions } = await manual(1)
    await permissions.get(USER)
    clock.advance(999)
    await one.sync.poll()
    await permissions.get(USER)
    expect(database.loads).toBe(1)
    clock.advance(1)
    await one.sync.poll()
    await permissions.get(USER)
    expect(database.loads).toBe(2)
    clock.wall -= 60_000
    await one.sync.poll()
    await permissions.get(USER)
    expect(database.loads).toBe(3)
  })

  it('are dropped by an invalidation that could not be acknowledged', async () => {
    const { database, store, one, permissions } = await manual()
    await permissions.get(USER)
    database.version = 1
    store.broken = new Error('the disk is full')
    await expect(permissions.invalidate({ sub: 'u' })).rejects.toThrow('the disk is full')
    store.broken = undefined
    await one.sync.poll()
    expect(await permissions.get(USER)).toBe(1)
  })

  it('are marked again when a failover loses an invalidation that others have not heard of', async () => {
    const [clock, database] = [new ManualClock(), new Database()]
    const store = new ModelStore({ epochEachCommit: true })
    const one = await engineHarness(store, { clock, maxStalenessMs: 100 })
    const other = await engineHarness(store, { clock, maxStalenessMs: 100 })
    const [permissions, elsewhere] = [one, other].map((engine) =>
      createPermissions(engineOf(engine), { load: database.load }),
    )
    await one.writer.revoke({ jti: 'x', exp: 1_900_000_000 })
    for (const { sync } of [one, other]) await sync.poll()
    await elsewhere?.get(USER)
    const failOver = store.backup()
    database.version = 1
    await permissions?.invalidate({ sub: 'u' })
    failOver()
    await other.sync.poll() // It never hears of the first mark.
    expect(await elsewhere?.get(USER)).toBe(0)
    await one.sync.poll()
    // The mark is written again in the background, by promises alone.
    await setImmediate()
    await other.sync.poll()
    expect(await elsewhere?.get(USER)).toBe(1)
    expect(one.own.counts.lost).toBe(0)
  })
})
