import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { digestBytes } from '#dist/token/identify.js'
import { AtOnceStore } from '../support/at-once-store.js'
import { open } from '../support/engine.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { temporaryDirectory } from '../support/temp.js'
import { FAR_FUTURE, inSeconds, ManualClock } from '../support/time.js'

// What a store that answers reads at once, or the verdict cache, can decide is answered without an await.

const STALENESS_MS = 1000
const TOKEN = { jti: 'a', sub: 'alice', iat: 1_700_000_000, exp: FAR_FUTURE }
const OTHER = { jti: 'b', sub: 'bob', iat: 1_700_000_000, exp: FAR_FUTURE }

/** Two engines on one store. Without a prefilter, so that every check comes to the exact lookup. */
async function start(cacheEntries = 100) {
  const clock = new ManualClock()
  const model = new ModelStore()
  const store = new AtOnceStore(model)
  const options = { clock, maxStalenessMs: STALENESS_MS, prefilter: { kind: 'none' }, cacheEntries } as const
  const { lookup, writer, digester, cache } = await engineHarness(store, options)
  const other = await engineHarness(new AtOnceStore(model), options)
  /** What an engine says, and that it is said at once. */
  const ask = (token: object | string): Promise<boolean> => {
    const { cache: cached, store: read } = lookup.decided
    const answer = lookup.isRevoked(token)
    expect(lookup.decided.cache + lookup.decided.store).toBe(cached + read + 1)
    return answer
  }
  return { clock, model, store, lookup, writer, digester, cache, other, ask }
}

describe('an answer at once', () => {
  it('is one of two promises, for tokens and for selectors', async () => {
    const engine = await open({ store: join(temporaryDirectory(), 'a.db'), claims: ['sub'] })
    const exp = inSeconds(3600)
    await engine.revoke({ jti: 'a', exp })
    await engine.revoke({ jti: 'b', exp })
    await engine.revokeWhere({ sub: 'alice' }, { expiresAt: exp })
    const revoked = engine.isRevoked({ jti: 'a' })
    expect(engine.isRevoked({ jti: 'a' })).toBe(revoked)
    expect(engine.isRevoked({ jti: 'b' })).toBe(revoked)
    expect(engine.isRevoked({ ...TOKEN, jti: 'c' })).toBe(revoked)
    expect(await revoked).toBe(true)
    const active = engine.isRevoked({ jti: 'd' })
    expect(engine.isRevoked({ ...TOKEN, jti: 'd', iat: exp })).toBe(active)
    expect(await active).toBe(false)
    expect(engine.stats().decided).toMatchObject({ cache: 2, store: 3, prefilter: 1 })
    const closing = engine.close()
    await expect(engine.isRevoked({ jti: 'a' })).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(await revoked).toBe(true)
    await closing
  })

  it('reads only what decides, and the record once a verdict shows it', async () => {
    const { model, lookup, writer, ask } = await start()
    await writer.revoke(TOKEN, { reason: 'stolen' })
    expect(await ask(TOKEN)).toBe(true)
    model.broken = new Error('the disk is gone')
    const held = await lookup.check(TOKEN)
    expect(held).toMatchObject({ status: 'revoked', decidedBy: 'cache' })
    expect(held.revocation).toBeUndefined()
    model.broken = undefined
    expect(await lookup.check(TOKEN)).toMatchObject({ decidedBy: 'store', reason: 'stolen' })
    model.broken = new Error('the disk is gone')
    expect(await lookup.check(TOKEN)).toMatchObject({ decidedBy: 'cache', revocation: { reason: 'stolen' } })
  })

  it('has a JWT decoded once, also where another method asked before, or the lease had run out', async () => {
    const { clock, writer, ask, lookup } = await start()
    const segments = [{ alg: 'none' }, TOKEN].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const jwt = `${segments.join('.')}.`
    await writer.revoke(TOKEN)
    clock.advance(STALENESS_MS)
    const parse = vi.spyOn(JSON, 'parse')
    expect(lookup.isClearlyActive(jwt)).toBe(false)
    expect(await ask(jwt)).toBe(true)
    expect((await lookup.check(jwt)).status).toBe('revoked')
    const payloads = parse.mock.calls.filter(([json]) => json.includes(TOKEN.sub))
    parse.mockRestore()
    expect(payloads).toHaveLength(1)
  })

  it('is none where the store fails: the policy decides, and nothing is thrown', async () => {
    const { model, lookup, clock } = await start()
    model.broken = new Error('the disk is gone')
    const answer = lookup.isRevoked(TOKEN)
    await expect(answer).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
    expect(await lookup.isRevoked(TOKEN, { onUnknown: 'revoked' })).toBe(true)
    expect(lookup.decided.policy).toBe(2)
    clock.advance(STALENESS_MS + 1)
    await expect(lookup.isRevoked(TOKEN)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  })

  it('is about its own token, whatever the store checks meanwhile', async () => {
    const { store, lookup, other, ask, clock } = await start()
    await other.writer.revokeWhere({ sub: 'alice' })
    clock.advance(STALENESS_MS + 1)
    store.onRead = () => void lookup.isClearlyActive(OTHER)
    expect(await ask(TOKEN)).toBe(true)
    store.onRead = () => void lookup.isClearlyActive(TOKEN)
    expect(await ask(OTHER)).toBe(false)
  })
})

describe('the next answer at once', () => {
  it.each([true, false])('follows a change by this engine (cached before: %s)', async (isCached) => {
    const { writer, ask } = await start(isCached ? 100 : 0)
    expect(await ask(TOKEN)).toBe(false)
    await writer.revoke(TOKEN)
    expect(await ask(TOKEN)).toBe(true)
    expect(await ask(TOKEN)).toBe(true)
    await writer.unrevoke(TOKEN)
    expect(await ask(TOKEN)).toBe(false)
    await writer.revokeWhere({ sub: 'alice' })
    expect(await ask(TOKEN)).toBe(true)
    expect(await ask({ ...TOKEN, iat: FAR_FUTURE })).toBe(false)
    await writer.unrevokeWhere({ sub: 'alice' })
    expect(await ask(TOKEN)).toBe(false)
  })

  it('follows a change by another engine once the lease has run out', async () => {
    const { clock, other, ask } = await start()
    const leaseRunsOut = (): void => clock.advance(STALENESS_MS)
    expect(await ask(TOKEN)).toBe(false)
    await other.writer.revoke(TOKEN)
    leaseRunsOut()
    expect(await ask(TOKEN)).toBe(true)
    await other.writer.unrevoke(TOKEN)
    expect(await ask(TOKEN)).toBe(true)
    leaseRunsOut()
    expect(await ask(TOKEN)).toBe(false)
    await other.writer.revokeWhere({ sub: 'alice' })
    leaseRunsOut()
    expect(await ask(TOKEN)).toBe(true)
  })

  it('is not one that was read before a change which came within the read', async () => {
    const { clock, model, store, digester, lookup, ask } = await start()
    const change = {
      op: 'revoke',
      digest: digestBytes(digester.token(TOKEN)),
      target: { kind: 'id', claim: 'jti', id: 'a' },
      expiresAt: FAR_FUTURE,
      revokedAt: clock.wall,
    } as const
    store.onRead = () => {
      store.onRead = () => undefined
      void model.write([change])
      clock.advance(STALENESS_MS)
      lookup.isClearlyActive(OTHER) // applies what is new
    }
    expect(await ask(TOKEN)).toBe(false)
    expect(await ask(TOKEN)).toBe(true)
  })

  it('goes by the wall clock of that moment, whatever it was at before', async () => {
    const { clock, writer, ask } = await start()
    const second = clock.wall / 1000
    await writer.revoke({ ...TOKEN, exp: second + 60 }, { notBefore: second + 30 })
    for (const [at, isRevoked] of [
      [0, false],
      [31, true],
      [29, false],
      [59, true],
      [60, false],
      [30, true],
    ] as const) {
      clock.wall = (second + at) * 1000
      expect(await ask(TOKEN), `${at} s`).toBe(isRevoked)
    }
  })

  it('is read again once its verdict was evicted', async () => {
    const { lookup, writer, ask, cache } = await start(1)
    await writer.revoke(TOKEN)
    for (let i = 0; i < 3; i++) {
      expect(await ask(TOKEN)).toBe(true)
      expect(await ask(OTHER)).toBe(false)
    }
    expect(cache.size).toBe(1)
    expect(lookup.decided).toMatchObject({ store: 6, cache: 0 })
  })
})
