import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Digest } from '#dist/ports/index.js'
import { type Claims, digestBytes, TokenDigester } from '#dist/token/identify.js'
import { ourError } from '../support/errors.js'

const options = {
  key: new Uint8Array(16).fill(9),
  namespace: 'default',
  idClaims: ['jti'],
  maxTokenBytes: 16_384,
}
const digester = new TokenDigester(options)
const hex = (digest: Digest) => Buffer.from(digestBytes(digest)).toString('hex')
const where = (selector: unknown) => hex(digester.target(digester.selectorTarget(selector)))

function matches(names: string[], claims: Claims, by = digester): string[] {
  const found: string[] = []
  const shape = by.shape(names)
  for (let at = by.selector(shape, claims); at > 0; at = by.selector(shape, claims, at))
    found.push(hex(by.words))
  return found
}

/** The digests under which a token is found, with the key of the golden digests of encoding.test.ts. */
function stored(names: string[], claims: Claims): string[] {
  return matches(
    names,
    claims,
    new TokenDigester({ ...options, key: Uint8Array.from({ length: 16 }, (_, i) => i) }),
  )
}

const invalid = (message: string) => ourError('ERR_INVALID_TOKEN', message)

describe('selector digest', () => {
  it.each([
    [{ sub: 'u1' }],
    [{ sub: 42 }],
    [{ sub: 'u1', client_id: 'app' }],
    [{ c: -1, a: 'Zoë', b: 'x'.repeat(5000) }],
    [{ iss: 'https://issuer.example/' }],
  ])('matches the tokens that have its claims: %j', (selector) => {
    const claims = { ...selector, jti: 'a', other: { nested: true } }
    expect(matches(Object.keys(selector), claims)[0]).toBe(where(selector))
    expect(matches(Object.keys(selector).reverse(), claims)[0]).toBe(where(selector))
  })

  it('does not match where a claim is absent or different', () => {
    expect(matches(['sub', 'client_id'], { sub: 'u1' })).toEqual([])
    expect(matches(['sub'], { sub: undefined })).toEqual([])
    expect(matches(['sub'], { sub: '042' })).not.toContain(where({ sub: 42 }))
  })

  it('matches each element of a claim that is an array', () => {
    expect(matches(['aud'], { aud: ['a', 'b', '3'] })).toEqual([
      where({ aud: 'a' }),
      where({ aud: 'b' }),
      where({ aud: 3 }),
    ])
    expect(matches(['aud'], { aud: [] })).toEqual([])
    expect(matches(['aud', 'sub', 'groups'], { aud: ['a', 'b'], sub: 'u', groups: ['x', 'y', 'z'] })).toEqual(
      ['x', 'y', 'z'].flatMap((groups) => ['a', 'b'].map((aud) => where({ aud, groups, sub: 'u' }))),
    )
  })

  it('is taken back in the form of earlier versions too', () => {
    const digester = new TokenDigester({
      key: new Uint8Array(16),
      namespace: 'n',
      idClaims: ['jti'],
      maxTokenBytes: 4096,
    })
    const shape = digester.shape(['sub'])
    const found: string[] = []
    for (let at = 0; (at = digester.selector(shape, { sub: 42 }, at)) > 0;) found.push(hex(digester.words))
    const all = digester.targets.all({ kind: 'selector', where: { sub: 42 } })
    expect(found).toHaveLength(2)
    expect(all.map((digest) => hex(digest))).toEqual(found)
    expect(digester.targets.all({ kind: 'selector', where: { sub: 'a' } })).toHaveLength(1)
  })

  it('takes a whole number and its decimal string for one value', () => {
    expect(where({ sub: 42 })).toBe(where({ sub: '42' }))
    expect(where({ sub: -7, aud: 'a' })).toBe(where({ sub: '-7', aud: 'a' }))
    expect(matches(['sub'], { sub: 42 })).toContain(where({ sub: '42' }))
    expect(matches(['aud', 'sub'], { sub: ['42', 'x'], aud: 'a' })).toContain(where({ aud: 'a', sub: 42 }))
  })

  it.each([
    ['one number', { uti: -2 }, '3bdda257b284704291c62cc7a9b04982'],
    ['a number beside a string', { sub: 'u1', client_id: 4_294_967_297 }, '0a53088a2827790c881f290e83ca8bea'],
  ])('finds what version 0.1 stored of %s', (_name, claims, digest) => {
    expect(stored(Object.keys(claims), claims)).toContain(digest)
  })

  it('goes through one array whole, and through at most 64 combinations of several', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `a${i}`)
    expect(matches(['aud'], { aud: many })).toHaveLength(1000)
    expect(matches(['aud', 'sub'], { aud: many, sub: 'u' })).toHaveLength(1000)
    expect(matches(['aud', 'x'], { aud: many.slice(0, 8), x: many.slice(0, 8) })).toHaveLength(64)
    expect(() => matches(['aud', 'x'], { aud: many.slice(0, 9), x: many.slice(0, 8) })).toThrow(
      invalid('72 combinations'),
    )
  })

  it.each([
    ['one array', { aud: 2000, x: 0 }],
    ['several arrays, few of whose values differ', { aud: 2000, x: 2 }],
  ])('reads the elements of %s a few times each, however many there are', (_name, sizes) => {
    const reads = { count: 0 }
    const counted = (size: number, value: (i: number) => unknown): unknown[] =>
      new Proxy(
        Array.from({ length: size }, (_, i) => value(i)),
        {
          get: (array, key, receiver): unknown => {
            if (typeof key === 'string' && /^\d/.test(key)) reads.count++
            return Reflect.get(array, key, receiver)
          },
        },
      )
    const single = sizes.x === 0
    const claims = { aud: counted(sizes.aud, (i) => (single ? i : i % 3)), x: single ? 'u' : ['b', 'c'] }
    expect(matches(['aud', 'x'], claims).length).toBeGreaterThan(5)
    expect(reads.count).toBeLessThanOrEqual(6 * sizes.aud)
  })

  it('counts no values that no selector can have, and each value once', () => {
    const many = Array.from({ length: 65 }, (_, i) => `a${i}`)
    expect(matches(['aud', 'x'], { aud: many, x: [[]] })).toEqual([])
    expect(
      matches(['aud', 'x'], { aud: [many[0], ...Array<null>(64).fill(null)], x: ['b', 'c'] }),
    ).toHaveLength(2)
    expect(
      matches(['aud', 'x'], { aud: [...many.slice(0, 2), ...Array<string>(63).fill('a0')], x: ['b', 'c'] }),
    ).toHaveLength(4)
    expect(matches(['aud', 'x', 'y'], { aud: many, x: ['b', 'c'], y: null })).toEqual([])
    expect(matches(['aud', 'x'], { aud: many, x: ['b'] })).toHaveLength(65)
  })

  it.each([
    [null],
    [true],
    [{}],
    [''],
    [1.5],
    [2 ** 53],
    [Number.NaN],
    ['\ud800'],
    [[null]],
    [[['a']]],
    [[]],
  ])('can not have the value %j, which matches none in a token', (sub) => {
    expect(matches(['sub'], { sub })).toEqual([])
    expect(matches(['sub', 'b'], { sub, b: 'b' })).toEqual([])
    expect(() => digester.selectorTarget({ sub })).toThrow(invalid('claim "sub"'))
    expect(() => digester.selectorTarget({ sub, b: 'b' })).toThrow(invalid('claim "sub"'))
  })

  it('skips the elements of an array that no selector can have', () => {
    expect(matches(['aud'], { aud: [null, 'a', '', {}, 1.5, ['x'], 'b'] })).toEqual([
      where({ aud: 'a' }),
      where({ aud: 'b' }),
    ])
    expect(matches(['aud', 'x'], { aud: [null, 'a'], x: [true, 'b', ''] })).toEqual([
      where({ aud: 'a', x: 'b' }),
    ])
  })

  it('refuses values that are too long, alone or together', () => {
    expect(() => matches(['a'], { a: 'x'.repeat(16_385) })).toThrow(invalid('too long'))
    expect(() => matches(['a', 'b'], { a: 'x'.repeat(9000), b: 'x'.repeat(9000) })).toThrow(
      invalid('too long'),
    )
    const claims = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`c${i}`, i]))
    expect(() => matches(Object.keys(claims), claims)).toThrow(invalid('too long'))
  })

  it('reaches into nested objects by a JSON Pointer', () => {
    const claims = {
      realm_access: { roles: ['admin', 'user'] },
      act: { sub: 'agent-1' },
      'kubernetes.io': { serviceaccount: { uid: 'sa-1' } },
      'a/b': { '~c': 7 },
    }
    expect(matches(['/realm_access/roles'], claims)).toEqual([
      where({ '/realm_access/roles': 'admin' }),
      where({ '/realm_access/roles': 'user' }),
    ])
    expect(matches(['/act/sub'], claims)).toEqual([where({ '/act/sub': 'agent-1' })])
    expect(matches(['/kubernetes.io/serviceaccount/uid'], claims)).toEqual([
      where({ '/kubernetes.io/serviceaccount/uid': 'sa-1' }),
    ])
    expect(matches(['/a~1b/~0c', '/act/sub'], claims)).toContain(
      where({ '/act/sub': 'agent-1', '/a~1b/~0c': 7 }),
    )
    for (const act of [undefined, null, 'sub', 7, [], { sub: {} }, { sub: null }, { x: 'agent-1' }])
      expect(matches(['/act/sub'], { act, sub: 'agent-1', '/act/sub': 'agent-1' })).toEqual([])
  })

  it('is the same for a pointer of one segment and the plain name', () => {
    expect(digester.shape(['/sub', '/a.b'])).toBe(digester.shape(['a.b', 'sub']))
    expect(where({ '/sub': 'u', '/a.b': 'x' })).toBe(where({ 'a.b': 'x', sub: 'u' }))
    expect(digester.selectorTarget({ '/sub': 'u' })).toEqual({ kind: 'selector', where: { sub: 'u' } })
    expect(matches(['/~1sub'], { '/sub': 'u' })).toEqual([where({ '/~1sub': 'u' })])
    expect(matches(['/~1sub'], { sub: 'u' })).toEqual([])
    expect(() => digester.selectorTarget({ '/sub': 'u', sub: 'u' })).toThrow(ourError('ERR_CONFIG', 'twice'))
  })

  it('is prepared once for each set of names', () => {
    expect(digester.shape(['b', 'a'])).toBe(digester.shape(['a', 'b']))
    expect(digester.shape(['b', 'a']).names).toEqual(['a', 'b'])
  })

  it.each([
    [[]],
    [['']],
    [['a', 'a']],
    ['sub'],
    [['\ud800']],
    [[7]],
    [['/']],
    [['/a//b']],
    [['/a/']],
    [['/a~b']],
    [['/a~2']],
  ])('refuses the names %j', (names) => {
    expect(() => digester.shape(names as string[])).toThrow(ourError('ERR_CONFIG'))
  })

  it.each([[null], [undefined], ['sub'], [[]], [['sub']], [{ '': 'a' }]])(
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
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.startsWith('/'))
    const value = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.maxSafeInteger())
    fc.assert(
      fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 }), (claims) => {
        const digester = new TokenDigester({
          key: new Uint8Array(16),
          namespace: 'n',
          idClaims: [],
          maxTokenBytes: 4096,
        })
        const shape = digester.shape(Object.keys(claims))
        expect(digester.selector(shape, claims)).toBeGreaterThan(0)
        expect(hex(digester.words)).toBe(hex(digester.target(digester.selectorTarget(claims))))
      }),
      { numRuns: 200 },
    )
  })
})
