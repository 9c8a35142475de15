import { join } from 'node:path'
import type { RevocadeOptions } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { ManualClock } from '../support/time.js'

const clock = new ManualClock()
const now = clock.now() / 1000

const engine = (claims: RevocadeOptions['claims'], store = join(temporaryDirectory(), 'store.db')) =>
  open({ store, claims, maxTokenLifetimeSeconds: 3600, maxStalenessMs: 0, clock })
/** Of a login some time ago, and refreshed now. */
const refreshed = (more: object = {}) => ({
  jti: 'x',
  sub: 'u',
  iat: now,
  exp: now + 3600,
  auth_time: now - 7200,
  ...more,
})

describe("a selector with issuedAt: 'auth_time'", () => {
  it('revokes tokens of logins before the cutoff, whenever they were issued', async () => {
    const revocade = await engine([{ claims: ['sub'], issuedAt: 'auth_time' }, 'sid'])
    await revocade.revokeWhere({ sub: 'u' }, { issuedBefore: now - 60 })
    await expect(verdict(revocade, refreshed())).resolves.toBe('revoked')
    await expect(verdict(revocade, refreshed({ auth_time: now - 60 }))).resolves.toBe('revoked')
    await expect(verdict(revocade, refreshed({ auth_time: now - 59 }))).resolves.toBe('active')
    await revocade.revokeWhere({ sid: 's' }, { issuedBefore: now - 60 })
    await expect(verdict(revocade, refreshed({ sub: 'v', sid: 's' }))).resolves.toBe('active')
  })

  it('revokes tokens without that claim, and refuses one that is no time', async () => {
    const revocade = await engine([{ claims: ['sub'], issuedAt: 'auth_time' }])
    await revocade.revokeWhere({ sub: 'u' }, { issuedBefore: now - 60 })
    await expect(verdict(revocade, refreshed({ auth_time: undefined }))).resolves.toBe('revoked')
    await expect(verdict(revocade, refreshed({ auth_time: 'yesterday' }))).rejects.toMatchObject({
      code: 'ERR_INVALID_TOKEN',
      message: expect.stringContaining('auth_time') as string,
    })
  })

  it('may combine claims and name a nested one', async () => {
    const revocade = await engine([{ claims: ['sub', 'iss'], issuedAt: '/login/at' }])
    await revocade.revokeWhere({ iss: 'i', sub: 'u' }, { issuedBefore: now - 60 })
    const at = (seconds: number) => refreshed({ iss: 'i', login: { at: seconds } })
    await expect(verdict(revocade, at(now - 60))).resolves.toBe('revoked')
    await expect(verdict(revocade, at(now - 59))).resolves.toBe('active')
  })

  it('has the selector of an engine that compares iat: each judges by its own claim', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const byLogin = await engine([{ claims: ['sub'], issuedAt: 'auth_time' }], store)
    const byIssue = await engine(['sub'], store)
    await byIssue.revokeWhere({ sub: 'u' }, { issuedBefore: now - 60 })
    await expect(verdict(byLogin, refreshed())).resolves.toBe('revoked')
    await expect(verdict(byIssue, refreshed())).resolves.toBe('active')
    for (const revocade of [byLogin, byIssue])
      await expect(verdict(revocade, refreshed({ iat: now - 60 }))).resolves.toBe('revoked')
    await byLogin.unrevokeWhere({ sub: 'u' })
    await expect(verdict(byIssue, refreshed({ iat: now - 60 }))).resolves.toBe('active')
  })

  it.each([
    [[{ claims: [] }]],
    [[{ claims: 'sub' }]],
    [[{ issuedAt: 'auth_time' }]],
    [[{ claims: ['sub'], issuedAt: '' }]],
    [[{ claims: ['sub'], issuedAt: 7 }]],
    [[{ claims: ['sub'], issuedAt: 'a.b' }]],
    [[{ claims: ['sub'], isuedAt: 'auth_time' }]],
    [['sub', { claims: ['sub'], issuedAt: 'auth_time' }]],
    [[[]]],
  ])('is refused as %j', async (claims) => {
    await expect(engine(claims as RevocadeOptions['claims'])).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
