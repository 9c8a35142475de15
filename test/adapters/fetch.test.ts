import { guard } from 'revocade/fetch'
import { RefusedRequest } from 'revocade/http'
import { MemoryStore } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { adapterSuite, hosted } from './case-table.js'
import { hostOf } from './load-host.js'

describe('on a function from Request to Response', () => {
  const host = hosted(hostOf('fetch'))
  adapterSuite(host, { twoLines: 'joined' })
})

describe('a guard of Request and Response', () => {
  const request = new Request('http://localhost', { headers: { authorization: 'Bearer opaque' } })

  it('tells the cause of a refusal beside the response', async () => {
    const verify = () => Promise.reject(new TypeError('fetch failed'))
    const authorize = guard(await open({ store: new MemoryStore() }), { verify })
    const { refused, refusal, claims } = await authorize(request)
    expect(refused?.status).toBe(503)
    expect(refusal).toBeInstanceOf(RefusedRequest)
    expect(refusal).toMatchObject({ reason: 'unknown', cause: { message: 'fetch failed' } })
    expect(claims).toBeUndefined()
  })

  it('has no refusal of a request that may pass', async () => {
    const authorize = guard(await open({ store: new MemoryStore() }), { verify: () => ({ sub: 'ann' }) })
    expect(await authorize(request)).toEqual({
      refused: undefined,
      refusal: undefined,
      claims: { sub: 'ann' },
    })
  })
})
