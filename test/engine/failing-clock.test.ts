import { join } from 'node:path'
import { createRevocade, type Revocade, RevocadeError, type TokenClaims } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const claims = (jti: string): TokenClaims => ({ jti, sub: jti, iat: 1, exp: FAR_FUTURE })
const [REVOKED, USER, OTHER] = [claims('revoked'), claims('user'), claims('other')]

const fail = (): never => {
  throw new Error('no time')
}
/** Each way in which a clock can fail. The types forbid some; plain JavaScript does not. */
const FAILURES: [string, object][] = [
  ['now() throws', { now: fail }],
  ['now() answers NaN', { now: () => Number.NaN }],
  ['now() answers Infinity', { now: () => Number.POSITIVE_INFINITY }],
  ['now() answers nothing', { now: () => undefined }],
  ['monotonic() throws', { monotonic: fail }],
  ['monotonic() answers NaN', { monotonic: () => Number.NaN }],
  ['monotonic() answers a number', { monotonic: () => 1e18 }],
  ['both throw', { now: fail, monotonic: fail }],
]

/** What becomes of a check: its status, or the code of the RevocadeError that it rejects with. */
async function outcomes(engine: Revocade, token: TokenClaims): Promise<string[]> {
  const told = (error: unknown): string => {
    if (error instanceof RevocadeError) return error.code
    throw error
  }
  return [
    engine.isClearlyActive(token) ? 'active' : 'not clear',
    await engine.check(token).then(({ status }) => status, told),
    await engine.isRevoked(token).then((revoked) => (revoked ? 'revoked' : 'active'), told),
    await engine.check(token, { onUnknown: 'revoked' }).then(({ status }) => status, told),
  ]
}

describe('a clock that fails', () => {
  it.each(FAILURES)('refuses the start when %s', async (_, failure) => {
    const clock = Object.assign(new ManualClock(), failure)
    const store = join(temporaryDirectory(), 'store.db')
    await expect(createRevocade({ store, clock })).rejects.toMatchObject({
      name: 'RevocadeError',
      code: 'ERR_CONFIG',
      message: expect.stringContaining("option 'clock'") as string,
    })
    await (await open({ store })).close() // nothing is left open
  })

  it.each(FAILURES)('makes no revoked token active when %s', async (_, failure) => {
    for (const exclusive of [false, true]) {
      const clock = new ManualClock()
      const store = join(temporaryDirectory(), 'store.db')
      const engine = await open({ store, clock, exclusive, claims: ['sub'], maxTokenLifetimeSeconds: 3600 })
      await engine.revoke(REVOKED)
      await engine.revokeWhere({ sub: 'user' })
      clock.advance(10_000) // no lease but that of an exclusive store
      Object.assign(clock, failure)
      for (const token of [REVOKED, USER])
        for (const outcome of await outcomes(engine, token)) expect(outcome).not.toBe('active')
      for (const outcome of await outcomes(engine, OTHER)) expect(outcome).not.toBe('revoked')
      await expect(engine.revoke({ jti: 'x', exp: FAR_FUTURE })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
      const { now, monotonic } = new ManualClock()
      Object.assign(clock, { now, monotonic })
      for (const token of [REVOKED, USER])
        expect(await outcomes(engine, token)).toEqual(['not clear', 'revoked', 'revoked', 'revoked'])
      expect((await engine.check(OTHER)).status).toBe('active')
    }
  })
})
