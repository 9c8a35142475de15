import { describe, expect, it } from 'vitest'
import { adapterSuite, hosted, librarySuite, refused, REVOKED } from './case-table.js'
import { hostOf } from './load-host.js'

describe('on hapi', () => {
  const host = hosted(hostOf('hapi'))
  adapterSuite(host)
  librarySuite(host)

  it('an error handler sees the problem, and no claims of a revoked token', async () => {
    const reply = await host.send('/handled', { authorization: [`Bearer ${host.tokens.revoked}`] })
    refused(reply, REVOKED)
    expect(JSON.parse(reply.text)).toEqual({
      claims: null,
      problem: { type: 'urn:revocade:revoked', title: 'the token was revoked', status: 401 },
    })
  })

  it.each(['expired', 'forged'] as const)('nobody passes with what is left of a token: %s', async (name) => {
    const authorization = [`Bearer ${host.tokens[name]}`]
    const reply = await host.send('/library-optional', { authorization })
    expect([reply.status, reply.claims]).toEqual([200, null])
  })
})
