import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readCredential } from '#dist/http/credential.js'
import { DecodedClaims } from '#dist/http/decoded-claims.js'
import { TokenReader } from '#dist/token/jwt.js'
import { ourError } from '../support/errors.js'

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const HEADER = encoded({ alg: 'none' })
const signatureOf = (claims: object): string =>
  createHash('sha256').update(JSON.stringify(claims)).digest('base64url')
const jwt = (claims: object, signature = signatureOf(claims)): string =>
  `${HEADER}.${encoded(claims)}.${signature}`
const reads = (decoded: DecodedClaims, token: string) => decoded.read(token)?.claims
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
    const found = decoded.read(token)
    expect(found).toMatchObject({ claims: { jti: 'a', exp: 1 }, expiry: 1 })
    expect(decoded.read(copy(token))).toBe(found)
    expect(decoded.find(`Bearer ${token}`, 7)).toBe(found)
  })

  it('are decoded again when as many other tokens came as are kept', () => {
    const decoded = new DecodedClaims(1 << 20, 2)
    const claims = reads(decoded, jwt({ jti: 'a' }))
    decoded.read(jwt({ jti: 'b' }))
    expect(reads(decoded, jwt({ jti: 'a' }))).toBe(claims)
    decoded.read(jwt({ jti: 'c' }))
    decoded.read(jwt({ jti: 'd' }))
    const again = reads(decoded, jwt({ jti: 'a' }))
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
        expect(outcome(() => reads(decoded, changed))).toEqual(expected)
        expect(outcome(() => reads(decoded, changed))).toEqual(expected)
      }
    }
  })

  it('are found in no text that is not read as that very token', () => {
    const decoded = new DecodedClaims(1 << 20, 1024)
    const reader = new TokenReader(1 << 20)
    const value = `Bearer ${jwt({ jti: 'a', sub: 'u' }, 'c2lnbmF0dXJlLg==')}`
    const found = decoded.read(value.slice(7))
    const others = ['', ' ', '\n', '=', '~', '.', ',', '"', '\u00e9', '\ud800', 'A']
    const changed = Array.from({ length: value.length - 6 }, (_, i) => i + 7).flatMap((at) =>
      others.flatMap((other) => [at, at + 1].map((end) => value.slice(0, at) + other + value.slice(end))),
    )
    const known = changed.filter((text) => decoded.find(text, 7) !== undefined)
    for (const text of known) {
      expect(decoded.find(text, 7)).toBe(found)
      expect(readCredential([text])).toMatchObject({ kind: 'token', token: text.slice(7) })
      expect(reader.read(text.slice(7)).claims).toEqual(found?.claims)
    }
    // Those that are changed in the signature, but not in the characters that make the key.
    expect(known.length).toBeGreaterThan(10)
  })

  it('keep nothing of the signature', () => {
    const decoded = new DecodedClaims(1 << 20, 1024)
    const signature = 'c2lnbmF0dXJl'.repeat(4)
    decoded.read(copy(jwt({ jti: 'a' }, signature)))
    expect(inspect(decoded.read(copy(jwt({ jti: 'a' }, signature))), { depth: null })).not.toContain('c2lnb')
  })

  it('tell tokens apart that have the same key in the cache', () => {
    // The key has 32 bits: about ten pairs of these have the same.
    const count = 300_000
    const decoded = new DecodedClaims(1 << 20, count)
    const tokens = Array.from({ length: count }, (_, i) => jwt({ jti: i }, ''))
    let wrong = 0
    for (const round of [1, 2])
      for (const [i, token] of tokens.entries()) if (reads(decoded, token)?.jti !== i) wrong += round
    expect(wrong).toBe(0)
  })

  it('are not kept where they take much memory, and of fewer tokens the more they take', () => {
    const decoded = new DecodedClaims(1 << 20, 4096)
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
    const token = (jti: number, depth: number): string =>
      `${HEADER}.${Buffer.from(`{"jti":${jti},"a":${nested(depth)}}`).toString('base64url')}.c2ln${jti}`
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
