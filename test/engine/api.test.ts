import { join } from 'node:path'
import jwt from 'jsonwebtoken'
import {
  createRevocade,
  type Revocade,
  RevocadeError,
  type RevocadeOptions,
  type RevocationInput,
  type TokenClaims,
} from 'revocade'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temp.js'
import { nowSeconds } from '../support/time.js'

const directory = temporaryDirectory()

let count = 0
const opened: Revocade[] = []
const path = (): string => join(directory, `${++count}.db`)
async function open(options: RevocadeOptions = {}): Promise<Revocade> {
  const engine = await createRevocade({ store: path(), maxTokenLifetimeSeconds: 3600, ...options })
  opened.push(engine)
  return engine
}
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close()
})

const now = nowSeconds()
const claims = (jti: string, more: object = {}) => ({
  iss: 'https://issuer.example',
  jti,
  sub: 'alice',
  iat: now,
  exp: now + 3600,
  ...more,
})
const coded = (code: string, message?: string | RegExp) =>
  expect.objectContaining({
    name: 'RevocadeError',
    code,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) as string }),
  }) as Error

let engine: Revocade
beforeEach(async () => {
  engine = await open()
})

describe('a token', () => {
  it('is active, then revoked, then active again once that is taken back', async () => {
    const token = claims('a')
    expect(engine.isClearlyActive(token)).toBe(true)
    await expect(engine.isRevoked(token)).resolves.toBe(false)
    await expect(engine.check(token)).resolves.toEqual({ status: 'active', decidedBy: 'prefilter' })

    const receipt = await engine.revoke(token, { reason: 'logout', actor: 'alice' })
    expect(receipt).toMatchObject({
      seq: 1,
      outcome: 'revoked',
      durable: true,
      redis: 'off',
      expiresAt: new Date((now + 3600) * 1000),
    })
    expect(receipt.effectiveEverywhereAt.getTime()).toBeGreaterThan(Date.now())
    expect(engine.isClearlyActive(token)).toBe(false)
    await expect(engine.isRevoked(token)).resolves.toBe(true)
    await expect(engine.check(token)).resolves.toMatchObject({
      status: 'revoked',
      reason: 'logout',
      revocation: {
        target: { kind: 'id', claim: 'jti', id: 'a', iss: 'https://issuer.example' },
        actor: 'alice',
        seq: 1,
      },
    })
    expect((await engine.check(token)).decidedBy).toBe('cache')

    await expect(engine.unrevoke(token)).resolves.toMatchObject({ seq: 2, outcome: 'unrevoked' })
    await expect(engine.check(token)).resolves.toEqual({ status: 'active', decidedBy: 'store' })
    await expect(engine.check(token)).resolves.toEqual({ status: 'active', decidedBy: 'cache' })
    await expect(engine.unrevoke(token)).resolves.toMatchObject({ seq: 0, outcome: 'unchanged' })
  })

  it('is the same as a raw JWT and as claims, and differs by issuer', async () => {
    const raw = jwt.sign(claims('b'), 'a secret of some length')
    await engine.revoke(raw)
    await expect(engine.isRevoked(claims('b'))).resolves.toBe(true)
    await expect(engine.isRevoked(jwt.sign(claims('b'), 'another'))).resolves.toBe(true)
    await expect(engine.isRevoked(claims('b', { iss: 'https://other.example' }))).resolves.toBe(false)
    await expect(engine.isRevoked({ jti: 'b' })).resolves.toBe(false)
  })

  it('without an id is known by its signing input', async () => {
    const raw = jwt.sign({ sub: 'bob', exp: now + 60 }, 'a secret of some length')
    await expect(engine.revoke(raw)).resolves.toMatchObject({ target: { kind: 'hash' } })
    await expect(engine.isRevoked(`${raw}=`)).resolves.toBe(true)
    const nameless = { sub: 'bob' }
    expect(engine.isClearlyActive(nameless)).toBe(false)
    await expect(engine.isRevoked(nameless)).rejects.toThrow(coded('ERR_TOKEN_NOT_IDENTIFIABLE'))
    await expect(engine.isRevoked(nameless, { selectorsOnly: true })).resolves.toBe(false)
  })

  it('may be an opaque string', async () => {
    await expect(engine.revoke('opaque')).rejects.toThrow(coded('ERR_NO_EXPIRY'))
    await engine.revoke('opaque', { expiresAt: new Date(Date.now() + 60_000) })
    await expect(engine.isRevoked('opaque')).resolves.toBe(true)
    await expect(engine.isRevoked('Opaque')).resolves.toBe(false)
  })

  it('that has expired gets a receipt that says so, and is not stored', async () => {
    await expect(engine.revoke(claims('old', { exp: now - 3600 }))).resolves.toMatchObject({
      seq: 0,
      outcome: 'expired',
    })
    expect(await collect(engine)).toEqual([])
  })

  it('stays revoked for the longest expiry it was ever given', async () => {
    await engine.revoke(claims('c'), { expiresAt: now + 7200 })
    await expect(engine.revoke(claims('c'), { expiresAt: now + 60 })).resolves.toMatchObject({
      expiresAt: new Date((now + 7200) * 1000),
    })
  })

  it('is named by the first configured id claim that it has', async () => {
    const other = await open({ idClaims: ['jti', 'uti'] })
    await other.revoke({ uti: 'x', exp: now + 60 })
    await expect(other.isRevoked({ uti: 'x' })).resolves.toBe(true)
    await expect(other.isRevoked({ jti: 'x' })).resolves.toBe(false)
    await expect(other.isRevoked({ jti: 'y', uti: 'x' })).resolves.toBe(false)
  })
})

describe('a selector', () => {
  it('revokes tokens issued before or in the same second', async () => {
    const cutoff = new Date(now * 1000 + 500)
    const receipt = await engine.revokeWhere({ sub: 'alice' }, { issuedBefore: cutoff })
    expect(receipt.expiresAt).toEqual(new Date(Math.ceil(now + 0.5 + 3600) * 1000))
    await expect(engine.isRevoked(claims('a', { iat: now }))).resolves.toBe(true)
    await expect(engine.isRevoked(claims('a', { iat: now + 1 }))).resolves.toBe(false)
    await expect(engine.isRevoked(claims('a', { iat: undefined }))).resolves.toBe(true)
    await expect(engine.isRevoked(claims('a', { sub: 'bob' }))).resolves.toBe(false)
    const [revocation] = await collect(engine)
    expect(revocation).toMatchObject({
      target: { kind: 'selector', where: { sub: 'alice' } },
      issuedBefore: cutoff,
    })
    expect(revocation).not.toHaveProperty('sameSecond')
  })

  it("keeps the tokens of the same second with sameSecond: 'keep'", async () => {
    await engine.revokeWhere({ sub: 'alice' }, { issuedBefore: now, sameSecond: 'keep' })
    await expect(engine.isRevoked(claims('a', { iat: now }))).resolves.toBe(false)
    await expect(engine.isRevoked(claims('a', { iat: now - 1 }))).resolves.toBe(true)
    expect(await collect(engine)).toMatchObject([{ sameSecond: 'keep', issuedBefore: new Date(now * 1000) }])
  })

  it('keeps the latest of several cutoffs', async () => {
    await engine.revokeWhere({ sub: 'alice' }, { issuedBefore: now })
    await engine.revokeWhere({ sub: 'alice' }, { issuedBefore: now - 1000 })
    await expect(engine.isRevoked(claims('a', { iat: now - 500 }))).resolves.toBe(true)
  })

  it('of several claims matches only their combination, in any order', async () => {
    const other = await open({ claims: [['sub', 'client_id'], 'aud'] })
    await other.revokeWhere({ client_id: 'web', sub: 'alice' })
    await expect(other.isRevoked(claims('a', { client_id: 'web' }))).resolves.toBe(true)
    await expect(other.isRevoked(claims('a', { client_id: 'app' }))).resolves.toBe(false)
    await expect(other.isRevoked(claims('a'))).resolves.toBe(false)
    await other.revokeWhere({ aud: 'api' })
    await expect(other.isRevoked(claims('a', { aud: ['web', 'api'] }))).resolves.toBe(true)
    expect(other.isClearlyActive(claims('a', { aud: ['web', 'shop'] }))).toBe(true)
    await expect(other.unrevokeWhere({ sub: 'alice', client_id: 'web' })).resolves.toMatchObject({
      outcome: 'unrevoked',
    })
    await expect(other.isRevoked(claims('a', { client_id: 'web' }))).resolves.toBe(false)
  })

  it('that no check would look for is refused', async () => {
    await expect(engine.revokeWhere({ client_id: 'web' })).rejects.toThrow(
      coded('ERR_CONFIG', /client_id.*claims/),
    )
    await expect(engine.unrevokeWhere({ client_id: 'web' })).rejects.toThrow(coded('ERR_CONFIG'))
  })

  it('needs an end', async () => {
    const other = await open({ maxTokenLifetimeSeconds: undefined })
    await expect(other.revokeWhere({ sub: 'alice' })).rejects.toThrow(
      coded('ERR_NO_EXPIRY', /maxTokenLifetimeSeconds/),
    )
    await other.revokeWhere({ sub: 'alice' }, { expiresAt: now + 60 })
    // Longer than asked for where tokens may live longer.
    const receipt = await engine.revokeWhere({ sub: 'alice' }, { issuedBefore: now, expiresAt: now + 60 })
    expect(receipt.expiresAt).toEqual(new Date((now + 3600) * 1000))
  })

  it('refuses an iat that can only be milliseconds', async () => {
    await engine.revokeWhere({ sub: 'alice' })
    expect(engine.isClearlyActive(claims('a', { iat: now * 1000 }))).toBe(false)
    await expect(engine.isRevoked(claims('a', { iat: now * 1000 }))).rejects.toThrow(
      coded('ERR_INVALID_TOKEN', /iat/),
    )
  })
})

describe('revokeMany', () => {
  it('takes every form of entry, from arrays and from async iterables', async () => {
    const entries: RevocationInput[] = [
      { jti: 'x', expiresAt: now + 60 },
      { jti: 'y', iss: 'https://issuer.example', expiresAt: new Date((now + 60) * 1000), reason: 'stolen' },
      { token: claims('z') },
      { token: jwt.sign({ sub: 'carol' }, 'a secret of some length'), expiresAt: now + 60 },
      { where: { sid: 's1' }, revokedAt: now - 100 },
      { sha256: '0'.repeat(64), expiresAt: now + 60 },
      { jti: 'gone', expiresAt: now - 3600 },
    ]
    async function* stream() {
      for (const entry of entries) {
        await Promise.resolve()
        yield entry
      }
    }
    await expect(engine.revokeMany(stream())).resolves.toMatchObject({
      count: 6,
      expired: 1,
      invalid: 0,
      seq: 6,
      durable: true,
    })
    for (const token of [{ jti: 'x' }, claims('y'), claims('z'), claims('q', { sid: 's1' })]) {
      await expect(engine.isRevoked(token)).resolves.toBe(true)
    }
    const listed = await collect(engine)
    expect(listed.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    expect(listed[4]?.revokedAt).toEqual(new Date((now - 100) * 1000))
  })

  it('stops at the first bad entry, names it, and keeps what came before', async () => {
    const entries = [
      { jti: 'x', expiresAt: now + 60 },
      { jti: '', expiresAt: now + 60 },
      { jti: 'y', expiresAt: now + 60 },
    ]
    await expect(engine.revokeMany(entries)).rejects.toThrow(coded('ERR_INVALID_TOKEN', /^entry 1: .*jti/))
    await expect(engine.isRevoked({ jti: 'x' })).resolves.toBe(true)
    await expect(engine.isRevoked({ jti: 'y' })).resolves.toBe(false)
  })

  it('names what an entry may have, and the time that is wrong', async () => {
    const misspelt = engine.revokeMany([{ id: 'x', expiresAt: now + 60 }] as never)
    await expect(misspelt).rejects.toThrow(
      coded('ERR_CONFIG', /^entry 0: unknown key 'id': known: token, where, sha256, jti, /),
    )
    const untimely = engine.revokeMany([{ jti: 'x', expiresAt: '2026-01-01' }] as never)
    await expect(untimely).rejects.toThrow(coded('ERR_INVALID_TIME', /^entry 0: expiresAt must be a Date/))
  })

  it('leaves bad entries out when onInvalid is given', async () => {
    const seen: [string, number][] = []
    const progress: number[] = []
    const entries = [
      null,
      { jti: 'x' },
      { jti: 'a', expiresAt: now * 1000 },
      { jti: 'a', wehre: 1, expiresAt: now + 60 },
      {},
      { jti: 'y', expiresAt: now + 60 },
    ]
    // @ts-expect-error the entries are wrong on purpose
    const receipt = await engine.revokeMany(entries, {
      onInvalid: ({ code }, _entry, index) => seen.push([code, index]),
      onProgress: (n) => progress.push(n),
    })
    expect(receipt).toMatchObject({ count: 1, invalid: 5 })
    expect(seen).toEqual([
      ['ERR_CONFIG', 0],
      ['ERR_NO_EXPIRY', 1],
      ['ERR_INVALID_TIME', 2],
      ['ERR_CONFIG', 3],
      ['ERR_INVALID_TOKEN', 4],
    ])
    expect(progress).toEqual([1])
  })

  it("rejects with the iterable's own error", async () => {
    function* broken(): Generator<RevocationInput> {
      yield { jti: 'x', expiresAt: now + 60 }
      throw new RangeError('torn')
    }
    await expect(engine.revokeMany(broken())).rejects.toThrow(new RangeError('torn'))
    await expect(engine.isRevoked({ jti: 'x' })).resolves.toBe(true)
  })
})

describe('list', () => {
  it('reads all pages, or those after an earlier listing', async () => {
    const iss = 'https://issuer.example'
    await engine.revokeMany(
      Array.from({ length: 600 }, (_, i) => ({ jti: `t${i}`, iss, expiresAt: now + 60 })),
    )
    await engine.revokeWhere({ sub: 'alice' })
    await engine.unrevoke({ jti: 't0', iss })
    expect(await collect(engine)).toHaveLength(600)
    expect(await collect(engine, { kind: 'selector' })).toHaveLength(1)
    expect(await collect(engine, { kind: 'token', limit: 7 })).toHaveLength(7)
    expect((await collect(engine, { afterSeq: 598 })).map(({ seq }) => seq)).toEqual([599, 600, 601])
    // @ts-expect-error misspelt on purpose
    await expect(collect(engine, { limti: 1 })).rejects.toThrow(coded('ERR_CONFIG', /limit/))
    await expect(collect(engine, { limit: -1 })).rejects.toThrow(coded('ERR_CONFIG'))
  })
})

describe('namespaces', () => {
  it('never see each other, in one file', async () => {
    const store = path()
    const a = await open({ store, namespace: 'a' })
    const b = await open({ store, namespace: 'b' })
    await a.revoke(claims('x'))
    await a.revokeWhere({ sub: 'alice' })
    await expect(b.isRevoked(claims('x'))).resolves.toBe(false)
    await expect(a.isRevoked(claims('x'))).resolves.toBe(true)
    expect(await collect(b)).toEqual([])
  })
})

describe('the engine', () => {
  it('has bound methods', async () => {
    const { isRevoked, revoke, isClearlyActive, check, unrevoke, list, stats, close } = engine
    await revoke(claims('a'))
    await expect(isRevoked(claims('a'))).resolves.toBe(true)
    expect(isClearlyActive(claims('b'))).toBe(true)
    expect((await check(claims('b'))).status).toBe('active')
    await unrevoke(claims('a'))
    for await (const revocation of list()) expect(revocation).toBeDefined()
    expect(stats().store.seq).toBe(2)
    await close()
  })

  it('answers the common question with one shared promise', () => {
    expect(engine.isRevoked(claims('a'))).toBe(engine.isRevoked(claims('b')))
    expect(engine.check(claims('a'))).toBe(engine.check(claims('b')))
  })

  it('counts what each layer decided', async () => {
    await engine.revoke(claims('a'))
    await engine.isRevoked(claims('b'))
    await engine.isRevoked(claims('a'))
    await engine.isRevoked(claims('a'))
    const { decided, prefilter, lease, cache, selectors, store, redis } = engine.stats()
    expect(decided).toEqual({ prefilter: 1, cache: 1, redis: 0, store: 1, policy: 0 })
    expect(prefilter).toMatchObject({ kind: 'bloom', entries: 1, measuredFalsePositiveRate: 0 })
    expect(lease).toMatchObject({ live: true, maxStalenessMs: 1000 })
    expect(cache).toEqual({ entries: 1, capacity: 10_000 })
    expect(selectors).toEqual({ live: [], notHonoured: [] })
    expect(store).toMatchObject({ kind: 'sqlite', seq: 1 })
    expect(redis).toBeNull()
  })

  it('refuses everything once closed, and closes twice', async () => {
    await engine.close()
    await engine.close()
    expect(engine.isClearlyActive(claims('a'))).toBe(false)
    const calls = [
      () => engine.isRevoked(claims('a')),
      () => engine.check(claims('a')),
      () => engine.revoke(claims('a')),
      () => engine.revokeWhere({ sub: 'a' }),
      () => engine.revokeMany([]),
      () => engine.unrevoke(claims('a')),
      () => engine.unrevokeWhere({ sub: 'a' }),
      () => collect(engine),
    ]
    for (const call of calls) await expect(call()).rejects.toThrow(coded('ERR_CLOSED'))
  })

  it('is released at the end of its scope', async () => {
    let scoped: Revocade
    {
      await using inner = await open()
      scoped = inner
    }
    await expect(scoped.isRevoked(claims('a'))).rejects.toThrow(coded('ERR_CLOSED'))
  })

  it("waits with ack: 'fleet' until all engines know", async () => {
    const other = await open({ maxStalenessMs: 50 })
    const { effectiveEverywhereAt } = await other.revoke(claims('a'), { ack: 'fleet' })
    expect(Date.now()).toBeGreaterThanOrEqual(effectiveEverywhereAt.getTime())
    const bulk = await other.revokeMany([{ jti: 'b', expiresAt: now + 60 }], { ack: 'fleet' })
    expect(Date.now()).toBeGreaterThanOrEqual(bulk.effectiveEverywhereAt.getTime())
  })

  for (const kind of ['bloom', 'fuse', 'trie', 'exact', 'bloom-filters', 'none'] as const) {
    it(`works with the prefilter '${kind}', and reopens`, async () => {
      const store = path()
      const first = await open({ store, prefilter: { kind } })
      await first.revokeMany(Array.from({ length: 300 }, (_, i) => ({ jti: `t${i}`, expiresAt: now + 3600 })))
      await first.revokeWhere({ sub: 'mallory' })
      await first.close()
      const again = await open({ store, prefilter: { kind } })
      expect(again.stats().prefilter.kind).toBe(kind)
      for (let i = 0; i < 300; i += 7) await expect(again.isRevoked({ jti: `t${i}` })).resolves.toBe(true)
      await expect(again.isRevoked(claims('q', { sub: 'mallory' }))).resolves.toBe(true)
      await expect(again.isRevoked(claims('q'))).resolves.toBe(false)
      expect(again.stats().prefilter.rebuilds).toBe(0) // from the snapshot
    })
  }
})

/** Claims with a getter that throws. */
const unreadable = (name: string, claims: TokenClaims = {}): TokenClaims =>
  Object.defineProperty(claims, name, {
    get: () => {
      throw new Error('no')
    },
  })

describe('bad input', () => {
  const bad: [string, unknown][] = [
    ['empty', ''],
    ['huge', 'x'.repeat(20_000)],
    ['a number', 7],
    ['nothing', undefined],
    ['null', null],
    ['an array', ['a']],
    ['a broken payload', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30x.sig`],
    ['a lone surrogate', { jti: '\ud800', exp: now + 60 }],
    ['an object for jti', { jti: {}, exp: now + 60 }],
    ['an empty jti', { jti: '', exp: now + 60 }],
    ['the whole header', 'Bearer abc'],
    ['an object whose jti throws', unreadable('jti')],
    ['an object whose iss throws', unreadable('iss', { jti: 'a', exp: now + 60 })],
  ]
  it.each(bad)('%s is ERR_INVALID_TOKEN, and nothing is written', async (_name, token) => {
    expect(engine.isClearlyActive(token as string)).toBe(false)
    for (const call of [engine.isRevoked, engine.check, engine.revoke, engine.unrevoke]) {
      await expect(call(token as string)).rejects.toThrow(coded('ERR_INVALID_TOKEN'))
    }
    expect(engine.stats().store.seq).toBe(0)
  })

  it('that throws when it is read is ERR_INVALID_TOKEN, also in a selector or a time', async () => {
    await engine.revokeWhere({ sub: 'alice' })
    for (const name of ['sub', 'iat'])
      for (const call of [engine.isRevoked, engine.check]) {
        const token = unreadable(name, { jti: 'a', sub: 'alice' })
        await expect(call(token, { onUnknown: 'active' })).rejects.toThrow(
          coded('ERR_INVALID_TOKEN', /getter/),
        )
      }
    await expect(engine.revoke(unreadable('exp', { jti: 'a' }))).rejects.toThrow(coded('ERR_INVALID_TOKEN'))
  })

  it('of times names the claim or the option', async () => {
    await expect(engine.revoke({ jti: 'a', exp: now * 1000 })).rejects.toThrow(
      coded('ERR_INVALID_TOKEN', /exp/),
    )
    await expect(engine.revoke({ jti: 'a', exp: -1 })).rejects.toThrow(coded('ERR_INVALID_TOKEN', /exp/))
    for (const expiresAt of [now * 1000, -1, NaN, Infinity, new Date(NaN)]) {
      await expect(engine.revoke({ jti: 'a' }, { expiresAt })).rejects.toThrow(
        coded('ERR_INVALID_TIME', /expiresAt/),
      )
      await expect(engine.revokeWhere({ sub: 'a' }, { issuedBefore: expiresAt })).rejects.toThrow(
        coded('ERR_INVALID_TIME', /issuedBefore/),
      )
    }
    // @ts-expect-error a string is no time
    await expect(engine.revoke({ jti: 'a' }, { expiresAt: '2030-01-01' })).rejects.toThrow(
      coded('ERR_INVALID_TIME'),
    )
    await expect(engine.revoke({ jti: 'a' })).rejects.toThrow(coded('ERR_NO_EXPIRY'))
  })

  it('of options names the option and what it accepts', async () => {
    const calls: [() => Promise<unknown>, RegExp][] = [
      [() => engine.revoke(claims('a'), JSON.parse('{"reasn":"x"}') as object), /'reasn'.*'reason'/],
      [() => engine.revoke(claims('a'), { reason: 'x'.repeat(1025) }), /reason/],
      [() => engine.revoke(claims('a'), JSON.parse('{"ack":"now"}') as object), /ack.*'durable'/],
      [() => engine.isRevoked(claims('a'), JSON.parse('{"onUnknwon":"x"}') as object), /'onUnknown'/],
      [() => engine.isRevoked(claims('a'), JSON.parse('{"onUnknown":"x"}') as object), /'throw'/],
      [() => engine.revokeWhere({ sub: 'a' }, JSON.parse('{"sameSecond":"x"}') as object), /sameSecond/],
      [() => engine.revokeMany([], JSON.parse('{"onInvlid":1}') as object), /'onInvalid'/],
      [() => engine.revokeWhere({}, { issuedBefore: 'ever' }), /selector|claim/i],
    ]
    for (const [call, message] of calls) await expect(call()).rejects.toThrow(coded('ERR_CONFIG', message))
  })
})

async function collect(from: Revocade, query?: Parameters<Revocade['list']>[0]) {
  const found = []
  for await (const revocation of from.list(query)) found.push(revocation)
  return found
}

it('RevocadeError is an Error', () => {
  expect(new RevocadeError('ERR_CONFIG', 'x')).toBeInstanceOf(Error)
})
