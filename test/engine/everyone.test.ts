import { join } from 'node:path'
import { createRevocade, type RevocadeOptions, type RevocationInput, type Selector } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { ManualClock } from '../support/time.js'

const clock = new ManualClock()
const now = clock.now() / 1000
const LIFETIME = 3600

const newStore = () => join(temporaryDirectory(), 'store.db')
const options = (store: string, more: RevocadeOptions = {}): RevocadeOptions => ({
  store,
  maxTokenLifetimeSeconds: LIFETIME,
  clock,
  ...more,
})
const token = (iat: number, more: object = {}) => ({ jti: `t${iat}`, iat, exp: iat + LIFETIME, ...more })

describe('revokeWhere({})', () => {
  it('revokes the tokens of everybody up to now, also of opaque tokens and those without iat', async () => {
    const revocade = await open(options(newStore()))
    const receipt = await revocade.revokeWhere({})
    expect(receipt).toMatchObject({
      outcome: 'revoked',
      target: { kind: 'selector', where: {} },
      expiresAt: new Date((now + LIFETIME) * 1000),
    })
    for (const old of [
      token(now - 5),
      token(now - 5, { sub: 'u', sid: 's', iss: 'i' }),
      { jti: 'x' },
      'opaque',
    ])
      await expect(verdict(revocade, old)).resolves.toBe('revoked')
    await expect(revocade.isRevoked({ sid: 's', iat: now }, { selectorsOnly: true })).resolves.toBe(true)
    await expect(verdict(revocade, token(now + 5))).resolves.toBe('active')
    expect(revocade.stats().selectors).toEqual({ live: [[]], notHonoured: [] })
  })

  it('is taken back by unrevokeWhere({})', async () => {
    const revocade = await open(options(newStore()))
    await revocade.revokeWhere({}, { issuedBefore: now })
    await expect(revocade.unrevokeWhere({})).resolves.toMatchObject({ outcome: 'unrevoked' })
    await expect(verdict(revocade, token(now - 5))).resolves.toBe('active')
    await expect(verdict(revocade, 'opaque')).resolves.toBe('active')
  })

  it('is honoured by other engines, running or started later, whatever their claims', async () => {
    const store = newStore()
    const running = await open(options(store, { claims: ['tenant'], maxStalenessMs: 0 }))
    await expect(verdict(running, token(now - 5))).resolves.toBe('active')
    const first = await createRevocade(options(store))
    await first.revokeWhere({})
    await expect(verdict(running, token(now - 5))).resolves.toBe('revoked')
    await first.close()
    for (const more of [{}, { snapshot: false }, { prefilter: { kind: 'none' } }, { claims: [] }] as const) {
      const later = await open(options(store, more))
      await expect(verdict(later, token(now - 5))).resolves.toBe('revoked')
      await expect(verdict(later, 'opaque')).resolves.toBe('revoked')
      await expect(verdict(later, token(now + 5))).resolves.toBe('active')
    }
  })

  it('costs a check no further digest once it has ended', async () => {
    const later = new ManualClock()
    const revocade = await open(options(newStore(), { clock: later, maxStalenessMs: 0 }))
    await revocade.revokeWhere({})
    expect(revocade.stats().selectors.live).toEqual([[]])
    later.advance((LIFETIME + 2 * 3600) * 1000)
    await expect.poll(() => revocade.stats().selectors.live).toEqual([])
  })

  it('is a mistake where it would revoke for ever, or comes from an undefined claim', async () => {
    const revocade = await open(options(newStore()))
    await expect(revocade.revokeWhere({}, { issuedBefore: 'ever' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('needs a time') as string,
    })
    const undefinedClaim = { sub: undefined } as unknown as Selector
    await expect(revocade.revokeWhere(undefinedClaim)).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    const fromJson = JSON.parse(JSON.stringify({ where: undefinedClaim })) as RevocationInput
    await expect(revocade.revokeMany([fromJson])).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('needs an issuedBefore') as string,
    })
    await expect(verdict(revocade, token(now - 5))).resolves.toBe('active')
    await revocade.revokeMany([{ where: {}, issuedBefore: now }])
    await expect(verdict(revocade, token(now - 5))).resolves.toBe('revoked')
  })
})
