import fc from 'fast-check'
import { type Claims, ID_CLAIMS, SELECTORS, WHOLE_TOKENS } from './model.js'

/** A token in the form in which a caller passes it, and the claims in it, if any can be read. */
export interface Shaped {
  readonly token: string | Claims
  readonly claims: Claims | undefined
}

const text = fc.constantFrom('a', 'b', '42', '-1', '0', 'é', ' ', 'x'.repeat(300), 'https://i.example')
const odd = fc.constantFrom<unknown>(
  null,
  true,
  false,
  '',
  1.5,
  -0.5,
  2 ** 53,
  1e300,
  '\ud800',
  'a\udc00',
  '\u0000',
  'x'.repeat(1100),
  ...WHOLE_TOKENS,
)
const whole = fc.constantFrom<unknown>(42, -1, 0, Number.MAX_SAFE_INTEGER)
const scalar = fc.oneof({ arbitrary: text, weight: 4 }, { arbitrary: whole, weight: 2 }, odd)
const nested = fc.dictionary(fc.constantFrom('sub', 'roles', 'a'), fc.oneof(scalar, fc.array(scalar)))
const deep = fc
  .tuple(scalar, fc.integer({ min: 2, max: 40 }))
  .map(([value, depth]) => Array.from({ length: depth }).reduce<unknown>((inner) => ({ sub: inner }), value))
const many = fc
  .tuple(fc.integer({ min: 8, max: 200 }), scalar)
  .map(([length, value]) => [...Array.from({ length }, (_, i) => `g${i}`), value])
const value = fc.oneof(
  { arbitrary: scalar, weight: 6 },
  fc.array(fc.oneof(scalar, fc.array(scalar)), { maxLength: 12 }),
  nested,
  deep,
  many,
)

// An `iat` after the cutoff is not revoked: that is tested elsewhere.
const NAMES = [
  ...ID_CLAIMS,
  'iss',
  'sub',
  'groups',
  'act',
  'realm',
  '__proto__',
  'aud',
  'iat',
  'sid',
  '/act/sub',
]

/** Claims as they come out of JSON, so that `__proto__` is a claim like any other. */
const claims = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 7 }).map((entries) => {
  const json = entries.map(([name, given]) => `${JSON.stringify(name)}:${JSON.stringify(given)}`)
  return `{${json.join(',')}}`
})

const base64 = (json: string): string => Buffer.from(json).toString('base64url')

const parsed = (json: string): Claims => JSON.parse(json) as Claims

/** Any token: claims, a JWT or an opaque string. */
export const shaped: fc.Arbitrary<Shaped> = fc.oneof(
  { arbitrary: claims.map((json) => ({ token: parsed(json), claims: parsed(json) })), weight: 5 },
  {
    arbitrary: claims.map((json) => ({
      token: `${base64('{"alg":"none"}')}.${base64(json)}.c2ln`,
      claims: parsed(json),
    })),
    weight: 3,
  },
  fc.constantFrom('opaque', 'a.b', 'v5.x', 'eyJ', '{}').map((token) => ({ token, claims: undefined })),
)

/** The selector of some names with any values. */
export const where: fc.Arbitrary<{ readonly names: readonly string[]; readonly values: readonly unknown[] }> =
  fc
    .constantFrom(...SELECTORS, ...ID_CLAIMS.map((name) => [name]))
    .chain((names) => fc.record({ names: fc.constant(names), values: fc.tuple(...names.map(() => scalar)) }))

export const id = fc.record({
  claim: fc.constantFrom(...ID_CLAIMS),
  value: scalar,
  iss: fc.option(fc.constantFrom('a', 'https://i.example'), { nil: undefined }),
})
