import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCredential, schemeOf } from '#dist/http/credential.js'
import { authorizationOf } from '#dist/http/node-request.js'

describe('readCredential', () => {
  it.each([
    ['Bearer a.b.c', 'Bearer', 'a.b.c'],
    ['bearer   a', 'Bearer', 'a'],
    ['BEARER a-._~+/1==', 'Bearer', 'a-._~+/1=='],
    ['DPoP a', 'DPoP', 'a'],
    ['dpop a', 'DPoP', 'a'],
  ])('reads %j', (value, scheme, token) => {
    expect(readCredential([value])).toEqual({ kind: 'token', scheme, token })
  })

  it.each([
    ['', 'scheme'],
    ['a.b.c', 'scheme'],
    ['Basic dTpw', 'scheme'],
    ['Bearerx a', 'scheme'],
    ['XBearer a', 'scheme'],
    ['Bearer', 'malformed'],
    ['Bearer ', 'malformed'],
    ['Bearer\ta', 'scheme'],
    ['Bearer a b', 'malformed'],
    ['Bearer a\n', 'malformed'],
    ['Bearer a, Bearer b', 'malformed'],
    ['Bearer "a"', 'malformed'],
    ['Bearer =', 'malformed'],
    ['Bearer a=b', 'malformed'],
    ['Bearer é', 'malformed'],
    ['DPoP a b', 'malformed'],
  ])('refuses %j', (value, fault) => {
    expect(readCredential([value])).toMatchObject({ kind: 'unreadable', fault })
  })

  it('reads nothing of several values', () => {
    expect(readCredential([])).toEqual({ kind: 'none' })
    expect(readCredential(['Bearer a', 'Bearer a'])).toMatchObject({ fault: 'several', scheme: 'Bearer' })
    expect(readCredential(['Bearer a', 'DPoP a'])).toMatchObject({ fault: 'several', scheme: 'DPoP' })
  })

  it('reads every token of the grammar, and no other', () => {
    const text = fc.oneof(fc.stringMatching(/^[\w\-.~+/]+=*$/), fc.string())
    fc.assert(
      fc.property(text, (given) => {
        const token = given.replace(/^ +/, '')
        const credential = readCredential([`Bearer ${given}`])
        const isToken = /^[A-Za-z0-9\-._~+/]+=*(?!\n)$/.test(token)
        expect(credential).toMatchObject(isToken ? { kind: 'token', token } : { kind: 'unreadable' })
      }),
    )
  })

  it('takes no longer for a longer text', () => {
    // Quadratic time would be minutes.
    expect(readCredential([`Bearer ${' '.repeat(1 << 17)}!`])).toMatchObject({ fault: 'malformed' })
    expect(readCredential([`Bearer ${'='.repeat(1 << 17)}a`])).toMatchObject({ fault: 'malformed' })
    expect(schemeOf([' '.repeat(1 << 17)])).toBe('Bearer')
  })
})

describe('authorizationOf', () => {
  it.each([
    ['no header', {}, ['Host', 'x'], []],
    ['one', { authorization: 'a' }, ['Authorization', 'a'], ['a']],
    [
      'two of which node shows one',
      { authorization: 'a' },
      ['AUTHORIZATION', 'a', 'authorization', 'b'],
      ['a', 'b'],
    ],
    ['one that a middleware has set', { authorization: 'b' }, ['Cookie', 'authorization'], ['b']],
    ['one that a middleware has replaced', { authorization: 'b' }, ['Authorization', 'a'], ['b']],
    ['one that a middleware has removed', {}, ['Authorization', 'a'], []],
  ] as const)('finds %s', (_, headers, rawHeaders, found) => {
    expect(authorizationOf({ headers, rawHeaders })).toEqual(found)
  })

  it.each([
    ['none seen', [], ['', '']],
    ['one seen', ['Authorization', 'a'], ['a', '']],
    ['two seen', ['Authorization', 'a', 'authorization', 'b'], ['a', 'b', '']],
  ] as const)('finds more than one where Node.js may have dropped lines: %s', (_, first, found) => {
    const rawHeaders = [...first, ...Array.from({ length: 2000 - first.length }, () => 'a')]
    const headers = { authorization: 'a' }
    expect(authorizationOf({ headers, rawHeaders })).toEqual(found)
    const others = [{}, { server: null }, { server: {} }, { server: { maxHeadersCount: null } }]
    for (const socket of others) expect(authorizationOf({ headers, rawHeaders, socket })).toEqual(found)
    for (const maxHeadersCount of [0, -1, 1001, Infinity])
      expect(authorizationOf({ headers: {}, rawHeaders, socket: { server: { maxHeadersCount } } })).toEqual(
        first.length > 2 ? ['a', 'b'] : [],
      )
  })

  it('does without the raw headers', () => {
    expect(authorizationOf({ headers: { authorization: 'a' } })).toEqual(['a'])
    expect(authorizationOf({ headers: { authorization: ['a', 'b'] } })).toEqual(['a', 'b'])
  })
})
