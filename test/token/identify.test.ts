import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Digest, Target } from '#dist/ports/index.js'
import { digestBytes, TokenDigester } from '#dist/token/identify.js'
import { ourError } from '../support/errors.js'

const options = {
  key: new Uint8Array(16).fill(9),
  namespace: 'default',
  idClaims: ['jti', 'uti'],
  maxTokenBytes: 16_384,
}
const digester = new TokenDigester(options)

const hex = (digest: Digest) => Buffer.from(digestBytes(digest)).toString('hex')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const segment = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const jwt = (payload: unknown, header: unknown = { alg: 'ES256' }) =>
  `${segment(header)}.${segment(payload)}.c2ln`

describe('identity of a token', () => {
  it.each<[string, unknown, Target]>([
    ['its jti', { jti: 'a', sub: 'u' }, { kind: 'id', claim: 'jti', id: 'a' }],
    ['its jti and issuer', { jti: 'a', iss: 'i' }, { kind: 'id', claim: 'jti', id: 'a', iss: 'i' }],
    ['the first id claim present', { uti: 'b', jti: 'a' }, { kind: 'id', claim: 'jti', id: 'a' }],
    ['the next where that is undefined', { uti: 7, jti: undefined }, { kind: 'id', claim: 'uti', id: 7 }],
    ['the claims of a JWT', jwt({ jti: 'a', iss: 'i' }), { kind: 'id', claim: 'jti', id: 'a', iss: 'i' }],
    [
      'the signing input of a JWT without id',
      jwt({ sub: 'u' }),
      { kind: 'hash', sha256: sha256(jwt({ sub: 'u' }).slice(0, -5)) },
    ],
    [
      'all of an opaque token',
      ' 2YotnFZFEjr1zCsicMWpAA\r\n',
      { kind: 'hash', sha256: sha256('2YotnFZFEjr1zCsicMWpAA') },
    ],
    ['all of an opaque token with dots', 'a.b.c', { kind: 'hash', sha256: sha256('a.b.c') }],
    [
      'all of a signed cookie',
      `${segment({ user: 1 })}.c2ln`,
      { kind: 'hash', sha256: sha256(`${segment({ user: 1 })}.c2ln`) },
    ],
    ['an id of non-ASCII text', { jti: 'naïve-😀' }, { kind: 'id', claim: 'jti', id: 'naïve-😀' }],
    ['a long id', { jti: 'x'.repeat(16_384) }, { kind: 'id', claim: 'jti', id: 'x'.repeat(16_384) }],
    [
      'a header with a byte order mark',
      jwt({ jti: 'a' }, '\ufeff{"alg":"ES256"}'),
      { kind: 'id', claim: 'jti', id: 'a' },
    ],
  ])('%s', (_name, token, target) => {
    expect(digester.targetOf(token)).toEqual(target)
    expect(hex(digester.token(token))).toBe(hex(digester.target(target)))
  })

  it('is the same in a JWT and in its claims', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
        (jti, iss) => {
          const claims = { jti, iss, sub: 'u' }
          expect(hex(digester.token(jwt(claims)))).toBe(hex(digester.token(claims)))
        },
      ),
    )
  })

  it('does not change with the issuers seen before', () => {
    const fresh = (iss: string) => hex(new TokenDigester(options).token({ jti: 'a', iss }))
    const issuers = Array.from({ length: 200 }, (_, i) => `https://issuer-${i}.example/`)
    for (const iss of [...issuers, ...issuers.toReversed(), ...issuers]) {
      expect(hex(digester.token({ jti: 'a', iss }))).toBe(fresh(iss))
      expect(hex(digester.token({ jti: 'a' }))).toBe(hex(new TokenDigester(options).token({ jti: 'a' })))
    }
  })

  it('keeps the claims of the token for the selectors', () => {
    digester.token(jwt({ jti: 'a', sub: 'u' }))
    expect(digester.claims).toEqual({ jti: 'a', sub: 'u' })
    digester.token('opaque')
    expect(digester.claims).toBeUndefined()
  })

  it('is the hash for a JWT signed with padding or white space inside', () => {
    const [header, payload] = jwt({ sub: 'u' }).split('.')
    const target = digester.targetOf(`${header}.${payload}.c2ln`)
    expect(digester.targetOf(` ${header}==.\n${payload}\u00a0.c2ln`)).toEqual(target)
    expect(() => digester.token(`${header}.${payload}~.c2ln`)).toThrow(ourError('ERR_INVALID_TOKEN'))
  })

  it('is that of the part that the issuer signed, of an SD-JWT', () => {
    for (const claims of [{ jti: 'a', iss: 'i' }, { sub: 'u' }]) {
      const signed = jwt(claims, { alg: 'ES256', typ: 'dc+sd-jwt' })
      const binding = jwt({ nonce: 'n' }, { alg: 'ES256', typ: 'kb+jwt' })
      for (const rest of ['~', '~ZGlzY2xvc3VyZQ~', `~ZGlzY2xvc3VyZQ~${binding}`, `~${binding}`]) {
        expect(digester.targetOf(signed + rest)).toEqual(digester.targetOf(signed))
        digester.token(signed + rest)
        expect(digester.claims).toEqual(claims)
      }
      expect(() => digester.token(`${signed}.x~${binding}`)).toThrow(ourError('ERR_INVALID_TOKEN'))
    }
  })

  it('is no id claim in claims alone', () => {
    expect(digester.tokenIfIdentifiable({ sub: 'u' })).toBe(false)
    expect(digester.claims).toEqual({ sub: 'u' })
    expect(() => digester.token({ sub: 'u' })).toThrow(
      ourError('ERR_TOKEN_NOT_IDENTIFIABLE', '"jti" or "uti"'),
    )
    expect(() => digester.token({ header: {}, payload: { jti: 'a' }, signature: 's' })).toThrow('.payload')
  })

  it('may come without the token', () => {
    expect(digester.targets.explicit('jti', 'a', 'i')).toEqual({
      kind: 'id',
      claim: 'jti',
      id: 'a',
      iss: 'i',
    })
    expect(digester.targets.explicit(undefined, sha256(''))).toEqual({ kind: 'hash', sha256: sha256('') })
    for (const value of [undefined, null, '', 'abc', {}]) {
      expect(() => digester.targets.explicit(undefined, value)).toThrow(ourError('ERR_INVALID_TOKEN'))
    }
    for (const value of [undefined, null, '', 1.5, {}, '\ud800']) {
      expect(() => digester.targets.explicit('jti', value)).toThrow(ourError('ERR_INVALID_TOKEN'))
    }
    expect(() => digester.targets.explicit('jti', 'a', 7)).toThrow(ourError('ERR_INVALID_TOKEN'))
  })

  it('may be an id claim that is configured no more', () => {
    const other = new TokenDigester({ ...options, idClaims: ['sid'] })
    for (const iss of [undefined, 'i']) {
      const target: Target = { kind: 'id', claim: 'jti', id: 'a', ...(iss === undefined ? {} : { iss }) }
      expect(hex(other.target(target))).toBe(hex(digester.target(target)))
    }
  })
})

const lone = '\ud800abc'
const big = 'x'.repeat(16_385)
const bad: readonly (readonly [string, unknown, string])[] = [
  ['empty', '', 'the token is empty'],
  ['white space', ' \n', 'the token is empty'],
  ['huge', big, 'longer than 16384 bytes'],
  ['huge in UTF-8', 'ü'.repeat(8193), 'longer than 16384 bytes'],
  ['undefined', undefined, 'this is undefined'],
  ['null', null, 'this is null'],
  ['a number', 7, 'this is a number'],
  ['a function', () => 'token', 'this is a function'],
  ['an array', ['a'], 'this is an array'],
  ['a Buffer', Buffer.from('a'), 'this is binary data'],
  ['a payload that is no JSON', jwt('{"jti":'), 'payload of this JWT is not a JSON object'],
  ['a payload that is an array', jwt([1]), 'payload of this JWT is not a JSON object'],
  ['a payload that is null', jwt('null'), 'payload of this JWT is not a JSON object'],
  ['an empty payload', `${segment({ alg: 'none' })}..`, 'payload of this JWT is not a JSON object'],
  ['a JWT with a fourth segment', `${jwt({ jti: 'a' })}.x`, '4 segments instead of three'],
  ['a JWT without signature segment', jwt({ jti: 'a' }).slice(0, -5), '2 segments instead of three'],
  ['a JWT after Bearer', `Bearer ${jwt({ jti: 'a' })}`, 'without the Bearer prefix'],
  ['an opaque token after bearer', ' bearer abc', 'without the Bearer prefix'],
  ['Bearer alone', 'Bearer ', 'without the Bearer prefix'],
  ['white space inside', 'DPoP abc', 'white space or control characters'],
  ['a control character inside', 'a\0b', 'white space or control characters'],
  ['an opaque token with lone surrogates', lone, 'lone surrogates'],
  ['an id with lone surrogates', { jti: lone }, 'claim "jti" has lone surrogates'],
  ['a long id with lone surrogates', { jti: `${'x'.repeat(99)}\udc00` }, 'claim "jti" has lone surrogates'],
  ['a JWT whose id has lone surrogates', jwt('{"jti":"\\ud800"}'), 'claim "jti" has lone surrogates'],
  ['an issuer with lone surrogates', { jti: 'a', iss: lone }, 'claim "iss" has lone surrogates'],
  ['an empty id', { jti: '' }, 'claim "jti" is an empty string'],
  ['an id that is null', { jti: null, uti: 'b' }, 'claim "jti" is null'],
  ['an id that is an object', { jti: { id: 1 } }, 'claim "jti" is an object'],
  ['an id that is an array', { jti: ['a'] }, 'claim "jti" is an array'],
  ['an id that is a boolean', { jti: true }, 'claim "jti" is a boolean'],
  ['an id that is a fraction', { jti: 1.5 }, 'issue it as a string'],
  ['an id beyond 2^53', { jti: 2 ** 53 }, 'issue it as a string'],
  ['an id that is NaN', { jti: Number.NaN }, 'issue it as a string'],
  ['an id beyond the limit', { jti: big }, 'claim "jti" is too long'],
  ['an id beyond the limit in UTF-8', { jti: 'ü'.repeat(8193) }, 'claim "jti" is too long'],
  ['an issuer beyond the limit', { jti: 'a', iss: big }, 'claim "iss" is too long'],
  ['an issuer that is an object', { jti: 'a', iss: {} }, 'claim "iss" is an object'],
  ['an issuer that is a number', { jti: 'a', iss: 1 }, 'claim "iss" is a number'],
]

describe('a bad token is refused', () => {
  it.each(bad)('%s', (_name, token, message) => {
    const error = ourError('ERR_INVALID_TOKEN', message)
    expect(() => digester.token(token)).toThrow(error)
    expect(() => digester.tokenIfIdentifiable(token)).toThrow(error)
    expect(() => digester.targetOf(token)).toThrow(error)
  })

  it('of any kind: a RevocadeError or an answer, the same each time', () => {
    const outcome = (token: unknown) => {
      try {
        return hex(digester.token(token))
      } catch (error) {
        return (error as { code: unknown }).code
      }
    }
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.json().map((json) => jwt(json)),
      fc.string().map((s) => `${s}.${s}.${s}`),
    )
    fc.assert(
      fc.property(fc.oneof(text, fc.anything({ withBigInt: true, withNullPrototype: true })), (token) => {
        const first = outcome(token)
        expect(first).toMatch(/^(?:[0-9a-f]{32}|ERR_INVALID_TOKEN|ERR_TOKEN_NOT_IDENTIFIABLE)$/)
        expect(outcome(token)).toBe(first)
      }),
      { numRuns: 2000 },
    )
  })
})

it('TokenDigester refuses options that can not work', () => {
  for (const wrong of [
    { key: new Uint8Array(15) },
    { namespace: '' },
    { namespace: lone },
    { idClaims: [''] },
  ]) {
    expect(() => new TokenDigester({ ...options, ...wrong })).toThrow(ourError('ERR_CONFIG'))
  }
})
