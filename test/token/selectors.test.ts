import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Digest } from '#dist/ports/index.js'
import { type Claims, digestBytes, TokenDigester } from '#dist/token/identify.js'
import { ourError } from '../support/errors.js'

const digester = new TokenDigester({
  key: new Uint8Array(16).fill(9),
  namespace: 'default',
  idClaims: ['jti'],
  maxTokenBytes: 16_384,
})
const hex = (digest: Digest) => Buffer.from(digestBytes(digest)).toString('hex')
const where = (selector: unknown) => hex(digester.target(digester.selectorTarget(selector)))

function matches(names: string[], claims: Claims): string[] {
  const found: string[] = []
  const shape = digester.shape(names)
  for (let i = 0; digester.selector(shape, claims, i); i++) found.push(hex(digester.words))
  return found
}

const invalid = (message: string) => ourError('ERR_INVALID_TOKEN', message)

describe('a selector', () => {
  it.each([
    [{ sub: 'u1' }],
    [{ sub: 42 }],
    [{ sub: 'u1', client_id: 'app' }],
    [{ c: -1, a: 'Zoë', b: 'x'.repeat(5000) }],
    [{ iss: 'https://issuer.example/' }],
  ])('matches the tokens that have its claims: %j', (selector) => {
    const claims = { ...selector, jti: 'a', other: { nested: true } }
    expect(matches(Object.keys(selector), claims)).toEqual([where(selector)])
    expect(matches(Object.keys(selector).reverse(), claims)).toEqual([where(selector)])
  })

  it('does not match where a claim is absent or different', () => {
    expect(matches(['sub', 'client_id'], { sub: 'u1' })).toEqual([])
    expect(matches(['sub'], { sub: undefined })).toEqual([])
    expect(matches(['sub'], { sub: '42' })).not.toContain(where({ sub: 42 }))
  })

  it('matches each element of a claim that is an array', () => {
    expect(matches(['aud'], { aud: ['a', 'b', 3] })).toEqual([
      where({ aud: 'a' }),
      where({ aud: 'b' }),
      where({ aud: 3 }),
    ])
    expect(matches(['aud'], { aud: [] })).toEqual([])
    expect(matches(['aud', 'sub', 'groups'], { aud: ['a', 'b'], sub: 'u', groups: ['x', 'y', 'z'] })).toEqual(
      ['x', 'y', 'z'].flatMap((groups) => ['a', 'b'].map((aud) => where({ aud, groups, sub: 'u' }))),
    )
  })

  it('is one of at most 64 that an array makes', () => {
    const many = Array.from({ length: 65 }, (_, i) => `a${i}`)
    expect(matches(['aud'], { aud: many.slice(1) })).toHaveLength(64)
    expect(() => matches(['aud'], { aud: many })).toThrow(invalid('65 combinations'))
    expect(() => matches(['aud', 'x'], { aud: many.slice(0, 9), x: many.slice(0, 8) })).toThrow(
      invalid('72 combinations'),
    )
  })

  it.each([[null], [true], [{}], [''], [1.5], ['\ud800'], [[null]], [[['a']]], [['a', '']]])(
    'refuses the claim value %j',
    (sub) => {
      expect(() => matches(['sub'], { sub })).toThrow(invalid('claim "sub"'))
      expect(() => matches(['sub', 'b'], { sub, b: 'b' })).toThrow(invalid('claim "sub"'))
      expect(() => digester.selectorTarget({ sub })).toThrow(invalid('claim "sub"'))
    },
  )

  it('refuses values that are too long, alone or together', () => {
    expect(() => matches(['a'], { a: 'x'.repeat(16_385) })).toThrow(invalid('too long'))
    expect(() => matches(['a', 'b'], { a: 'x'.repeat(9000), b: 'x'.repeat(9000) })).toThrow(
      invalid('too long'),
    )
    const claims = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`c${i}`, i]))
    expect(() => matches(Object.keys(claims), claims)).toThrow(invalid('too long'))
  })

  it('is prepared once for each set of names', () => {
    expect(digester.shape(['b', 'a'])).toBe(digester.shape(['a', 'b']))
    expect(digester.shape(['b', 'a']).names).toEqual(['a', 'b'])
  })

  it.each([[[]], [['']], [['a', 'a']], ['sub'], [['\ud800']], [[7]]])('refuses the names %j', (names) => {
    expect(() => digester.shape(names as string[])).toThrow(ourError('ERR_CONFIG'))
  })

  it.each([[null], [undefined], ['sub'], [[]], [['sub']], [{}], [{ '': 'a' }]])(
    'refuses %j in place of { sub: … }',
    (selector) => {
      expect(() => digester.selectorTarget(selector)).toThrow(ourError('ERR_CONFIG'))
    },
  )

  it('refuses undefined, which would select more than was meant', () => {
    expect(() => digester.selectorTarget({ client_id: 'app', sub: undefined })).toThrow(
      invalid('claim "sub" of the selector is undefined'),
    )
  })

  it('has its names in order, "__proto__" too', () => {
    const selector: unknown = JSON.parse('{"sub":"u","__proto__":"p","a":1}')
    const target = digester.selectorTarget(selector)
    expect(JSON.stringify(target)).toBe('{"kind":"selector","where":{"__proto__":"p","a":1,"sub":"u"}}')
  })

  it('has the digest of its target for any claims', () => {
    const value = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.maxSafeInteger())
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), value, { minKeys: 1, maxKeys: 4 }),
        (claims) => {
          const digester = new TokenDigester({
            key: new Uint8Array(16),
            namespace: 'n',
            idClaims: [],
            maxTokenBytes: 4096,
          })
          const shape = digester.shape(Object.keys(claims))
          expect(digester.selector(shape, claims)).toBe(true)
          expect(hex(digester.words)).toBe(hex(digester.target(digester.selectorTarget(claims))))
          expect(digester.selector(shape, claims, 1)).toBe(false)
        },
      ),
      { numRuns: 200 },
    )
  })
})
