import { join } from 'node:path'
import { type RevocadeOptions, type RevokeWhereOptions } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { ManualClock } from '../support/time.js'

const clock = new ManualClock()
const now = clock.now() / 1000
const LIFETIME = 3600

const engine = (options: RevocadeOptions = {}) =>
  open({
    store: join(temporaryDirectory(), 'store.db'),
    maxTokenLifetimeSeconds: LIFETIME,
    clock,
    ...options,
  })
const token = (iat: number, more: object = {}) => ({
  jti: `t${iat}`,
  sid: 's',
  sub: 'u',
  iat,
  exp: iat + LIFETIME,
  ...more,
})

describe("a selector revoked with issuedBefore: 'ever'", () => {
  it('revokes tokens that are signed after the call, until it expires', async () => {
    const revocade = await engine({ clockToleranceSeconds: 0 })
    const receipt = await revocade.revokeWhere({ sid: 's' }, { issuedBefore: 'ever' })
    expect(receipt).toMatchObject({ outcome: 'revoked', expiresAt: new Date((now + LIFETIME) * 1000) })
    await expect(revocade.isRevoked(token(now + 90))).resolves.toBe(true)
    await expect(revocade.isRevoked(token(now + 90, { sid: 'other' }))).resolves.toBe(false)
    for await (const revocation of revocade.list())
      expect(revocation).toMatchObject({ withoutCutoff: true, target: { where: { sid: 's' } } })
  })

  it('stands over any cutoff, whichever comes first', async () => {
    const times: RevokeWhereOptions[] = [{ issuedBefore: 'ever' }, { issuedBefore: now + 60 }, {}]
    for (const order of [times, times.toReversed()]) {
      const revocade = await engine()
      for (const options of order) await revocade.revokeWhere({ sid: 's' }, options)
      await expect(revocade.isRevoked(token(now + 600))).resolves.toBe(true)
    }
  })

  it('is already revoked for any later call, and no longer once it is taken back', async () => {
    const revocade = await engine()
    await revocade.revokeWhere({ sid: 's' }, { issuedBefore: 'ever' })
    await expect(revocade.revokeWhere({ sid: 's' })).resolves.toMatchObject({ outcome: 'already' })
    await revocade.unrevokeWhere({ sid: 's' })
    await expect(revocade.revokeWhere({ sid: 's' })).resolves.toMatchObject({ outcome: 'revoked' })
    await expect(revocade.isRevoked(token(now + 600))).resolves.toBe(false)
  })

  it('can be an entry of revokeMany, and is known in what list returns', async () => {
    const [from, to] = [await engine(), await engine()]
    await from.revokeMany([{ where: { sid: 's' }, issuedBefore: 'ever' }])
    for await (const { target, issuedBefore, withoutCutoff, expiresAt } of from.list())
      if (target.kind === 'selector')
        await to.revokeMany([
          { where: target.where, issuedBefore: withoutCutoff === true ? 'ever' : issuedBefore, expiresAt },
        ])
    await expect(to.isRevoked(token(now + 600))).resolves.toBe(true)
  })

  it("can't keep the tokens of a second", async () => {
    const revocade = await engine()
    await expect(
      revocade.revokeWhere({ sid: 's' }, { issuedBefore: 'ever', sameSecond: 'keep' }),
    ).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    const misspelt = JSON.parse('{"issuedBefore":"Ever"}') as RevokeWhereOptions
    await expect(revocade.revokeWhere({ sid: 's' }, misspelt)).rejects.toMatchObject({
      code: 'ERR_INVALID_TIME',
      message: expect.stringContaining("'ever'") as string,
    })
  })
})

describe('issuerClockAheadSeconds', () => {
  it('moves the cutoff that is not given, and its expiry', async () => {
    const revocade = await engine({ issuerClockAheadSeconds: 5 })
    const { expiresAt } = await revocade.revokeWhere({ sub: 'u' })
    expect(expiresAt).toEqual(new Date((now + 5 + LIFETIME) * 1000))
    await expect(revocade.isRevoked(token(now + 5))).resolves.toBe(true)
    await expect(revocade.isRevoked(token(now + 6))).resolves.toBe(false)
  })

  it('leaves a cutoff that is given as it is', async () => {
    const revocade = await engine({ issuerClockAheadSeconds: 5 })
    await revocade.revokeWhere({ sub: 'u' }, { issuedBefore: now })
    await expect(revocade.isRevoked(token(now))).resolves.toBe(true)
    await expect(revocade.isRevoked(token(now + 1))).resolves.toBe(false)
  })
})
