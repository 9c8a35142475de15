import { describe, expect, it } from 'vitest'
import { adapterSuite, EXPIRED, hosted, librarySuite, refused, REVOKED } from './case-table.js'
import { hostOn } from './load-host.js'

describe.each([
  ['Express 5', 'express'],
  ['Express 4', 'express4'],
])('on %s', (_, name) => {
  const host = hosted(hostOn('express', name))
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

  it('a refusal that comes after an answer changes nothing', async () => {
    const { good } = host.tokens
    expect((await host.send('/late', { authorization: [`Bearer ${good}`] })).status).toBe(504)
    expect((await host.send('/plain', { authorization: [`Bearer ${good}`] })).status).toBe(200)
  })

  it('the hook refuses an expired token that onExpired lets through', async () => {
    refused(
      await host.send('/library-expired', { authorization: [`Bearer ${host.tokens.expired}`] }),
      EXPIRED,
    )
  })
})
