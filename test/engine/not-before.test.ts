import { join } from 'node:path'
import type { RevocadeOptions } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const TOKEN = { jti: 'a', sub: 'alice', iat: 1, exp: FAR_FUTURE }

/** A clock, engines on one store that share it, and a time from now in milliseconds. */
function fleet() {
  const [store, clock] = [join(temporaryDirectory(), 'store.db'), new ManualClock()]
  const start = (options: RevocadeOptions = {}) =>
    open({ store, clock, claims: ['sub'], maxTokenLifetimeSeconds: 3600, ...options })
  const at = (ms: number): Date => new Date(clock.wall + ms)
  return { clock, start, at }
}

describe('a revocation with notBefore', () => {
  it('counts from that moment on, to the millisecond, also for verdicts that are kept', async () => {
    const { clock, start, at } = fleet()
    const engine = await start()
    const notBefore = at(30_000)
    await engine.revoke(TOKEN, { notBefore })
    expect(engine.isClearlyActive(TOKEN)).toBe(false)
    expect(await engine.check(TOKEN)).toEqual({
      status: 'active',
      decidedBy: 'store',
      pending: expect.objectContaining({ notBefore, seq: 1 }) as unknown,
    })
    clock.wall += 29_999
    expect((await engine.check(TOKEN)).status).toBe('active')
    clock.wall += 1
    expect(await engine.check(TOKEN)).toMatchObject({ status: 'revoked', revocation: { notBefore } })
    expect(await engine.isRevoked(TOKEN)).toBe(true)
  })

  it('counts in engines that followed it, that were started since, or began from a snapshot', async () => {
    const { clock, start, at } = fleet()
    const [writer, follower] = [await start(), await start({ maxStalenessMs: 0 })]
    expect(await verdict(follower, TOKEN)).toBe('active')
    await writer.revokeWhere({ sub: 'alice' }, { notBefore: at(60_000) })
    await (await start()).close() // leaves a snapshot
    const [restored, rebuilt] = [await start(), await start({ snapshot: false })]
    for (const engine of [writer, follower, restored, rebuilt])
      expect(await verdict(engine, TOKEN)).toBe('active')
    clock.advance(60_000)
    for (const engine of [writer, follower, restored, rebuilt])
      expect(await verdict(engine, TOKEN)).toBe('revoked')
    expect(restored.stats().prefilter.rebuilds).toBe(0)
  })

  it('tells its start in receipts and listings, and when it holds everywhere', async () => {
    const { start, at } = fleet()
    const engine = await start()
    const [early, late] = [at(30_000), at(60_000)]
    expect(await engine.revoke(TOKEN, { notBefore: late })).toMatchObject({
      outcome: 'revoked',
      notBefore: late,
      effectiveEverywhereAt: late,
    })
    expect(await engine.revoke(TOKEN, { notBefore: early })).toMatchObject({
      outcome: 'already',
      notBefore: early,
    })
    const seconds = late.getTime() / 1000
    expect(await engine.revoke(TOKEN, { notBefore: seconds })).toMatchObject({
      outcome: 'already',
      notBefore: early,
    })
    await engine.revokeMany([{ jti: 'b', expiresAt: FAR_FUTURE, notBefore: late }])
    const listed: unknown[] = []
    for await (const { notBefore } of engine.list()) listed.push(notBefore)
    expect(listed).toEqual([early, late])
  })

  it('is shown by check while it is pending: the earliest that will revoke this token', async () => {
    const { clock, start, at } = fleet()
    const engine = await start()
    const [early, late] = [at(30_000), at(60_000)]
    await engine.revoke(TOKEN, { notBefore: late })
    await engine.revokeWhere({ sub: 'alice' }, { notBefore: early, issuedBefore: at(0) })
    const pendingOf = async (token: object) => (await engine.check({ ...TOKEN, ...token })).pending
    expect(await pendingOf({})).toMatchObject({ notBefore: early, target: { kind: 'selector' } })
    expect(await pendingOf({})).toMatchObject({ notBefore: early }) // from the verdict cache
    // Issued after the cutoff: only its own revocation will concern it.
    expect(await pendingOf({ iat: at(0).getTime() / 1000 + 5 })).toMatchObject({ notBefore: late })
    expect(await pendingOf({ jti: 'b', sub: 'bob' })).toBeUndefined()
    clock.advance(30_000)
    expect(await engine.check(TOKEN)).toMatchObject({ status: 'revoked', revocation: { notBefore: early } })
    expect(await pendingOf({})).toBeUndefined()
    await engine.unrevokeWhere({ sub: 'alice' })
    await engine.unrevoke(TOKEN)
    expect(await engine.check(TOKEN)).toMatchObject({ status: 'active' })
    expect(await pendingOf({})).toBeUndefined()
  })

  it('neither delays nor takes back one that counts already', async () => {
    const { clock, start, at } = fleet()
    const engine = await start()
    await engine.revoke(TOKEN)
    const again = await engine.revoke(TOKEN, { notBefore: at(30_000) })
    expect(again).toMatchObject({ outcome: 'already', seq: 2 })
    expect(again.notBefore).toBeUndefined()
    expect(await verdict(engine, TOKEN)).toBe('revoked')
    const other = { ...TOKEN, jti: 'b', sub: 'bob' }
    await engine.revoke(other, { notBefore: at(10) })
    clock.advance(10)
    await engine.revoke(other, { notBefore: at(30_000) })
    expect(await verdict(engine, other)).toBe('revoked')
  })

  it('is taken back before it counts', async () => {
    const { clock, start, at } = fleet()
    const engine = await start()
    await engine.revoke(TOKEN, { notBefore: at(1000) })
    expect(await engine.unrevoke(TOKEN)).toMatchObject({ outcome: 'unrevoked' })
    clock.advance(1000)
    expect(await verdict(engine, TOKEN)).toBe('active')
  })

  it('is refused if the caller has it end first, but not if the token ends by itself', async () => {
    const { clock, start, at } = fleet()
    const engine = await start()
    const wrong = { code: 'ERR_INVALID_TIME', statusCode: 400 }
    const notBefore = at(7200_000)
    await expect(engine.revoke(TOKEN, { notBefore, expiresAt: notBefore })).rejects.toMatchObject(wrong)
    await expect(engine.revokeWhere({ sub: 'alice' }, { notBefore })).rejects.toMatchObject(wrong)
    await expect(engine.revokeMany([{ jti: 'a', notBefore, expiresAt: at(3600_000) }])).rejects.toMatchObject(
      wrong,
    )
    await expect(engine.revoke(TOKEN, { notBefore: Number.NaN })).rejects.toMatchObject(wrong)
    await expect(engine.revoke(TOKEN, { notBefore: clock.wall })).rejects.toMatchObject(wrong)
    const short = { jti: 'short', exp: clock.wall / 1000 + 10 }
    expect(await engine.revoke(short, { notBefore: at(30_000) })).toMatchObject({ outcome: 'revoked' })
    // A verifier with a tolerance of 60 s still accepts the token then.
    clock.advance(30_000)
    expect(await verdict(engine, short)).toBe('revoked')
  })

  it("with issuedBefore: 'ever' ends what is issued until it counts, and after", async () => {
    const { clock, start, at } = fleet()
    const engine = await start()
    const token = (ms: number) => ({ ...TOKEN, jti: `t${ms}`, iat: at(ms).getTime() / 1000 })
    const notBefore = at(7200_000)
    const receipt = await engine.revokeWhere({ sub: 'alice' }, { notBefore, issuedBefore: 'ever' })
    // The last token that is accepted is issued as it begins to count, and lives for an hour.
    expect(receipt).toMatchObject({ notBefore, expiresAt: at(10_800_000) })
    const [early, late] = [token(-60_000), token(7199_000)]
    clock.advance(7199_999)
    expect(await verdict(engine, early)).toBe('active')
    expect(await verdict(engine, late)).toBe('active')
    clock.advance(1)
    for (const revoked of [early, late, token(60_000)]) expect(await verdict(engine, revoked)).toBe('revoked')
    clock.advance(3599_000)
    expect(await verdict(engine, late)).toBe('revoked')
    expect(await engine.unrevokeWhere({ sub: 'alice' })).toMatchObject({ outcome: 'unrevoked' })
    expect(await verdict(engine, late)).toBe('active')
  })
})
