import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Target } from '#dist/ports/index.js'
import { digestBytes, digestOfBytes, TokenDigester } from '#dist/token/identify.js'
import { naiveSipHash } from './naive-siphash.js'

const key = Uint8Array.from({ length: 16 }, (_, i) => i)
const digesters = new Map<string, TokenDigester>()
const digester = of('default')

function of(namespace: string): TokenDigester {
  const made =
    digesters.get(namespace) ??
    new TokenDigester({ key, namespace, idClaims: ['jti', 'uti'], maxTokenBytes: 16_384 })
  digesters.set(namespace, made)
  return made
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

// Stored digests are compared with these for ever: a change here makes every store unreadable.
const golden: readonly (readonly [string, Target, string, string])[] = [
  [
    'an id',
    { kind: 'id', claim: 'jti', id: 'a1b2' },
    '010102000700000064656661756c74030000006a746900000161316232',
    'aecb6b9cc2aa301e33ed83b6f2fca840',
  ],
  [
    'an id with issuer',
    { kind: 'id', claim: 'jti', id: 'a1b2', iss: 'https://issuer.example/' },
    '010103000700000064656661756c74030000006a74691700000068747470733a2f2f6973737565722e6578616d706c65' +
      '2f000000000000000161316232',
    'd72103e6df3e5f4a070d42b15ab190e2',
  ],
  [
    'a number',
    { kind: 'id', claim: 'uti', id: -2 },
    '010102000700000064656661756c7403000000757469000002feffffffffffffff',
    '5ac846350a30bb408fd061acd2337aac',
  ],
  [
    'a hash',
    { kind: 'hash', sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    '010201000700000064656661756c74000165336230633434323938666331633134396166626634633839393666623932' +
      '343237616534316534363439623933346361343935393931623738353262383535',
    '209b85d5733cd2ff444fedaef2f74efe',
  ],
  [
    'a selector',
    { kind: 'selector', where: { sub: 'Zoë' } },
    '010302000700000064656661756c74030000007375620000015a6fc3ab',
    '91d23eee49c928f8f824870474f7fa21',
  ],
  [
    'a selector of several claims',
    { kind: 'selector', where: { sub: 'u1', client_id: 4_294_967_297 } },
    '010303000700000064656661756c7409000000636c69656e745f69640300000073756200000000000b00000001343239' +
      '3439363732393703000000017531',
    '3df3e4d1263904b7a91472459ef685eb',
  ],
]

describe('canonical encoding', () => {
  it.each(golden)('of %s is stable', (_name, target, encoding, digest) => {
    expect(hex(digester.targets.encodingOf(target))).toBe(encoding)
    expect(hex(digestBytes(digester.target(target)))).toBe(digest)
  })

  const text = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      '1',
      '-1',
      'iss',
      'jti',
      'sub',
      '\0',
      '\u0001',
      'a\0',
      '\u0001a',
      'ü',
      'aü',
      'ab',
      'ba',
      '\ufffd',
      '0'.repeat(64),
    ),
    fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
  )
  const value = fc.oneof(
    text,
    fc.constantFrom(0, 1, -1, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53),
    fc.maxSafeInteger(),
  )
  const target: fc.Arbitrary<Target> = fc.oneof(
    fc.record({ kind: fc.constant('id' as const), claim: text, id: value }),
    fc.record({
      kind: fc.constant('id' as const),
      claim: text,
      id: value,
      iss: fc.oneof(fc.constant(''), text),
    }),
    fc.record({ kind: fc.constant('hash' as const), sha256: fc.stringMatching(/^[0-9a-f]{64}$/) }),
    fc.record({
      kind: fc.constant('selector' as const),
      where: fc.dictionary(text, value, { minKeys: 1, maxKeys: 3 }),
    }),
  )
  const namespace = fc.constantFrom('default', 'a', 'b', 'ab')

  /** What makes two targets the same: their JSON, with the claims of a selector in order, numbers as text. */
  const identityOf = (space: string, target: Target) => {
    if (target.kind !== 'selector') {
      return JSON.stringify([
        space,
        target.kind,
        target.kind === 'id' ? [target.claim, target.id, target.iss ?? null] : target.sha256,
      ])
    }
    return JSON.stringify([
      space,
      'selector',
      Object.entries(target.where)
        .map(([name, value]) => [name, String(value)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ])
  }

  it('is different for any two different targets', () => {
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(namespace, target, (space, target) => {
        const encoding = hex(of(space).targets.encodingOf(target))
        const identity = identityOf(space, target)
        expect(seen.get(encoding) ?? identity).toBe(identity)
        seen.set(encoding, identity)
      }),
      { numRuns: 3000 },
    )
    expect(new Set(seen.values()).size).toBe(seen.size)
  })

  it('is what the digest is taken of', () => {
    fc.assert(
      fc.property(namespace, target, (space, target) => {
        const digester = of(space)
        const expected = naiveSipHash(key, digester.targets.encodingOf(target))
        expect(hex(digestBytes(digester.target(target)))).toBe(expected)
      }),
      { numRuns: 300 },
    )
  })

  it.each<[string, Target, Target]>([
    ['1 and "1"', id({ id: 1 }), id({ id: '1' })],
    ['no issuer and an empty one', id({ id: 'a' }), id({ id: 'a', iss: '' })],
    ['two id claims', id({ id: 'a' }), id({ id: 'a', claim: 'uti' })],
    ['an id and a selector', id({ id: 'a' }), { kind: 'selector', where: { jti: 'a' } }],
    [
      'an id with issuer and a selector',
      id({ id: 'a', iss: 'b' }),
      { kind: 'selector', where: { iss: 'b', jti: 'a' } },
    ],
    ['an id and a hash', id({ id: '0'.repeat(64) }), { kind: 'hash', sha256: '0'.repeat(64) }],
    ['values moved between claims', where({ a: 'xy', b: 'z' }), where({ a: 'x', b: 'yz' })],
    ['names moved between claims', where({ ab: '1', c: '1' }), where({ a: '1', bc: '1' })],
    ['values swapped', where({ a: '1', b: '2' }), where({ a: '2', b: '1' })],
    ['issuer and id', id({ id: 'ab', iss: 'c' }), id({ id: 'b', iss: 'ca' })],
    ['claim and issuer', id({ id: 'x', claim: 'ab', iss: 'c' }), id({ id: 'x', claim: 'a', iss: 'bc' })],
    ['trailing zeros', id({ id: 'a' }), id({ id: 'a\0' })],
    ['numbers 2^32 apart', id({ id: 1 }), id({ id: 2 ** 32 + 1 })],
    ['signs', id({ id: 1 }), id({ id: -1 })],
  ])('tells %s apart', (_name, a, b) => {
    expect(hex(digester.targets.encodingOf(a))).not.toBe(hex(digester.targets.encodingOf(b)))
  })

  it('tells namespaces apart', () => {
    const same = id({ id: 'a' })
    expect(of('a').target(same)).not.toEqual(of('b').target(same))
  })

  it('does not depend on the order in which a selector was written', () => {
    expect(digester.targets.encodingOf(where({ b: '1', a: '2' }))).toEqual(
      digester.targets.encodingOf(where({ a: '2', b: '1' })),
    )
  })
})

it('digest bytes are little-endian words, and become the same digest again', () => {
  const bytes = Buffer.from('000102030405060708090a0b0c0d0eff', 'hex')
  expect(digestOfBytes(bytes)[0]).toBe(0x03020100)
  expect(hex(digestBytes(digestOfBytes(Buffer.concat([Buffer.from([9]), bytes]).subarray(1))))).toBe(
    hex(bytes),
  )
})

function id(rest: { id: string | number; claim?: string; iss?: string }): Target {
  return { kind: 'id', claim: 'jti', ...rest }
}

function where(claims: Record<string, string | number>): Target {
  return { kind: 'selector', where: claims }
}
