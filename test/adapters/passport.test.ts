import { describe, expect, it } from 'vitest'
import { hosted, librarySuite } from './case-table.js'
import { hostOf } from './load-host.js'

describe('with Passport', () => {
  const host = hosted(hostOf('passport'))
  librarySuite(host)

  it('nobody passes where the strategy for anonymous users lets them', async () => {
    expect(await host.send('/library-optional')).toMatchObject({ status: 200, claims: null })
    expect((await host.send('/library')).status).toBe(401)
  })

  it('a strategy without passReqToCallback is a mistake in the set-up', async () => {
    const reply = await host.send('/without-request', { authorization: [`Bearer ${host.tokens.good}`] })
    expect([reply.status, JSON.parse(reply.text)]).toEqual([500, { claims: null, code: 'ERR_CONFIG' }])
  })
})
