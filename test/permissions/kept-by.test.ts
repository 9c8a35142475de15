import { join } from 'node:path'
import { createPermissions } from 'revocade/permissions'
import { MemoryStore } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds } from '../support/time.js'
import { Database, engineOf, manual, USER } from './world.js'

describe('permissions', () => {
  it('by several claims are dropped by marks and revocations of some of them', async () => {
    const engine = await open({ store: new MemoryStore(), claims: ['sub', 'tenant'], maxStalenessMs: 60_000 })
    const loaded: object[] = []
    const permissions = createPermissions(engine, {
      by: ['tenant', '/app/role'],
      load: (claims) => loaded.push(claims),
    })
    const claims = { tenant: 7, app: { role: 'r' }, sub: 'u' }
    await permissions.get(claims)
    expect(loaded).toEqual([{ tenant: '7', '/app/role': 'r' }])
    for (const where of [
      { tenant: '7' },
      { tenant: 7 },
      { '/app/role': 'r' },
      { tenant: 7, '/app/role': 'r' },
      {},
    ]) {
      const before = await permissions.get(claims)
      await permissions.invalidate(where)
      expect(await permissions.get(claims)).toBe(before + 1)
      expect(await permissions.get({ ...claims, tenant: '7' })).toBe(before + 1)
    }
    const expiresAt = inSeconds(60)
    const before = await permissions.get(claims)
    for (const where of [{ tenant: 8 }, { '/app/role': 'other' }]) await permissions.invalidate(where)
    await engine.revokeWhere({ sub: 'u' }, { expiresAt })
    expect(await permissions.get(claims)).toBe(before)
    await engine.revokeWhere({ tenant: 7 }, { expiresAt })
    expect(await permissions.get(claims)).toBe(before + 1)
    await engine.unrevokeWhere({ tenant: 7 })
    expect(await permissions.get(claims)).toBe(before + 2)
    await engine.revokeWhere({}, { expiresAt })
    expect(await permissions.get(claims)).toBe(before + 3)
  })

  it('of different names do not touch each other, and those of one name do', async () => {
    const engine = await open({ store: new MemoryStore(), maxStalenessMs: 60_000 })
    const make = (name?: string) => {
      const database = new Database()
      return { database, kept: createPermissions(engine, { name, load: database.load }) }
    }
    const [roles, rolesToo, menus] = [make('roles'), make('roles'), make()]
    for (const { kept } of [roles, rolesToo, menus]) await kept.get(USER)
    await roles.kept.invalidate({ sub: 'u' })
    for (const { kept } of [roles, rolesToo, menus]) await kept.get(USER)
    expect([roles, rolesToo, menus].map(({ database }) => database.loads)).toEqual([2, 2, 1])
  })

  it('give a loader a signal that ends a load which is not kept', async () => {
    const engine = await open({ store: new MemoryStore() })
    const permissions = createPermissions(engine, {
      ttlSeconds: 1,
      load: (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        ),
    })
    await expect(permissions.get(USER)).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(permissions.stats()).toMatchObject({ entries: 0, loading: 0, loads: 1 })
  })

  it('keep at most max values, and forget all about the others', async () => {
    const { database, permissions, one } = await manual()
    const few = createPermissions(engineOf(one), { max: 2, load: database.load })
    for (const sub of ['a', 'b', 'c', 'a']) await few.get({ sub })
    expect(few.stats()).toMatchObject({ entries: 2, loads: 4 })
    await few.invalidate({ sub: 'b' }) // not kept any more
    expect(few.stats()).toMatchObject({ entries: 2, invalidated: 0 })
    await permissions.get(USER)
    expect(permissions.stats()).toMatchObject({ entries: 1, loads: 1 })
  })

  it('need an engine and usable options', async () => {
    const engine = await open({ store: new MemoryStore() })
    const load = () => 1
    for (const wrong of [
      {},
      { load: 1 },
      { load, by: [] },
      { load, by: 'sub' },
      { load, by: ['sub', 'sub'] },
      { load, by: ['sub', '/sub'] },
      { load, by: ['a', 'b', 'c', 'd'] },
      { load, ttlSeconds: 0 },
      { load, ttlSeconds: Number.NaN },
      { load, max: 0 },
      { load, max: 1.5 },
      { load, name: '' },
      { load, ttl: 5 },
    ])
      expect(() => createPermissions(engine, wrong as never)).toThrow(ourError('ERR_CONFIG'))
    expect(() => createPermissions(engine, undefined as never)).toThrow(ourError('ERR_CONFIG', '{ load }'))
    for (const other of [undefined, {}, { ...engine }])
      expect(() => createPermissions(other as never, { load })).toThrow(
        ourError('ERR_CONFIG', 'createPermissions needs an engine: await createRevocade()'),
      )
    const claims = {
      get sub(): string {
        throw new Error('no')
      },
    }
    await expect(createPermissions(engine, { load }).get(claims)).rejects.toThrow(
      ourError('ERR_INVALID_TOKEN', 'a getter throws'),
    )
  })

  it('refuse claims that can not be used, and write nothing', async () => {
    const engine = await open({ store: new MemoryStore() })
    const permissions = createPermissions(engine, { load: () => 1 })
    for (const wrong of [
      undefined,
      null,
      'token',
      {},
      { sub: '' },
      { sub: 1.5 },
      { sub: '\ud800' },
      { sub: ['u'] },
    ])
      await expect(permissions.get(wrong as never)).rejects.toThrow(ourError('ERR_INVALID_TOKEN'))
    await expect(permissions.get({ sub: 'u'.repeat(100_000) })).rejects.toThrow(ourError('ERR_INVALID_TOKEN'))
    for (const wrong of [null, 'u', { sid: 's' }, { sub: 'u', sid: 's' }])
      await expect(permissions.invalidate(wrong as never)).rejects.toThrow(ourError('ERR_CONFIG'))
    await expect(permissions.invalidate({ sub: '' })).rejects.toThrow(ourError('ERR_INVALID_TOKEN'))
    for (const wrong of [{ ack: 'all' }, { reason: 'x' }])
      await expect(permissions.invalidate({}, wrong as never)).rejects.toThrow(ourError('ERR_CONFIG'))
    expect(engine.stats().store.seq).toBe(0)
    await engine.close()
    await expect(permissions.invalidate()).rejects.toThrow(ourError('ERR_CLOSED'))
  })

  it('of a file are invalidated in another engine, with ack fleet before the call resolves', async () => {
    const store = join(temporaryDirectory(), 'revocade.db')
    const [one, other] = [
      await open({ store, maxStalenessMs: 100 }),
      await open({ store, maxStalenessMs: 100 }),
    ]
    const database = new Database()
    const [here, there] = [one, other].map((engine) => createPermissions(engine, { load: database.load }))
    for (let n = 1; n <= 5; n++) {
      expect(await there?.get(USER)).toBe(database.version)
      database.version = n
      expect(await here?.invalidate({ sub: 'u' }, { ack: 'fleet' })).toMatchObject({
        durable: true,
        seq: 2 * n,
      })
      expect(await there?.get(USER)).toBe(n)
    }
  })
})
