import { describe, expect, it } from 'vitest'
import { adapterSuite, hosted, librarySuite, refused, REVOKED } from './case-table.js'
import { hostOn } from './load-host.js'

describe.each([
  ['Koa 3', 'koa'],
  ['Koa 2', 'koa2'],
])('on %s', (_, name) => {
  const host = hosted(hostOn('koa', name))
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
})
