import { describe, expect, it } from 'vitest'
import { DecodedClaims } from '#dist/http/decoded-claims.js'
import { TokenReader } from '#dist/token/jwt.js'
import { ourError } from '../support/errors.js'

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const HEADER = encoded({ alg: 'none' })
const jwt = (claims: object, signature = 'c2ln'): string => `${HEADER}.${encoded(claims)}.${signature}`
/** Another string with the same characters, as each request brings one. */
const copy = (text: string): string => Buffer.from(text).toString()

/** What reading gives: the claims, or the message of the error. */
function outcome(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return (error as Error).message
  }
}

describe('decoded claims', () => {
  it('are those of the token, decoded once', () => {
    const decoded = new DecodedClaims(1 << 20, 8)
    const token = jwt({ jti: 'a', exp: 1 })
    const claims = decoded.read(token)
    expect(claims).toEqual({ jti: 'a', exp: 1 })
    expect(decoded.read(copy(token))).toBe(claims)
  })

  it('are decoded again when as many other tokens came as are kept', () => {
    const decoded = new DecodedClaims(1 << 20, 2)
    const claims = decoded.read(jwt({ jti: 'a' }))
    decoded.read(jwt({ jti: 'b' }))
    expect(decoded.read(jwt({ jti: 'a' }))).toBe(claims)
    decoded.read(jwt({ jti: 'c' }))
    decoded.read(jwt({ jti: 'd' }))
    const again = decoded.read(jwt({ jti: 'a' }))
    expect(again).toEqual(claims)
    expect(again).not.toBe(claims)
  })

  it('are of that very token: each changed character is another one', () => {
    const decoded = new DecodedClaims(1 << 20, 1024)
    const reader = new TokenReader(1 << 20)
    const token = jwt({ jti: 'a', sub: 'u' })
    decoded.read(token)
    for (let at = 0; at < token.length; at++) {
      for (const other of ['A', '_', '.']) {
        const changed = token.slice(0, at) + other + token.slice(at + 1)
        const expected = outcome(() => reader.read(changed).claims)
        expect(outcome(() => decoded.read(changed))).toEqual(expected)
        expect(outcome(() => decoded.read(changed))).toEqual(expected)
      }
    }
  })

  it('tell tokens apart that have the same key in the cache', () => {
    // The key has 32 bits: about ten pairs of these have the same.
    const count = 300_000
    const decoded = new DecodedClaims(1 << 20, count)
    const tokens = Array.from({ length: count }, (_, i) => jwt({ jti: i }, ''))
    let wrong = 0
    for (const round of [1, 2])
      for (const [i, token] of tokens.entries()) if (decoded.read(token)?.jti !== i) wrong += round
    expect(wrong).toBe(0)
  })

  it('are not kept where they take much memory, and of fewer tokens the more they take', () => {
    const decoded = new DecodedClaims(1 << 20, 4096)
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
    const token = (jti: number, depth: number): string =>
      `${HEADER}.${Buffer.from(`{"jti":${jti},"a":${nested(depth)}}`).toString('base64url')}.`
    const isKept = (depth: number, others: number): boolean => {
      const claims = decoded.read(token(-1, depth))
      for (let i = 0; i < others; i++) decoded.read(token(i, depth))
      return decoded.read(token(-1, depth)) === claims
    }
    expect(isKept(1500, 1)).toBe(false)
    expect(isKept(200, 1)).toBe(true)
    expect(isKept(200, 1000)).toBe(false)
    expect(isKept(1, 1000)).toBe(true)
  })

  it('are undefined for an opaque token', () => {
    const decoded = new DecodedClaims(1 << 20, 8)
    expect(decoded.read('opaque')).toBeUndefined()
    expect(decoded.read('opaque')).toBeUndefined()
  })

  it('are read of tokens that are not kept: long ones, and those that are no text', () => {
    const decoded = new DecodedClaims(1 << 20, 8)
    const long = jwt({ jti: 'a'.repeat(5000) })
    expect(decoded.read(long)).toEqual(decoded.read(copy(long)))
    for (const bad of ['', '\uD800', `${HEADER}.e30`, `${HEADER}.W10.x`, 'x'.repeat(2 << 20)])
      expect(() => decoded.read(bad)).toThrow(ourError('ERR_INVALID_TOKEN'))
  })
})
