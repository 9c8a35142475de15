import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdsToken, withoutTokens } from '#dist/token/token-in-text.js'

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const oneOf = (characters: string) => fc.constantFrom(...Array.from(characters))
const segment = fc.string({ unit: oneOf('eyJwAa0-_19Z'), minLength: 1, maxLength: 40 })
const ids = fc.oneof(
  fc.uuid(),
  fc.ulid(),
  fc.emailAddress(),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.domain().map((host) => `v1.public.${host.slice(-40)}`),
  fc.integer().map((number) => `auth0|${number}`),
  fc.uint8Array({ minLength: 8, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.dictionary(fc.string(), fc.jsonValue()).map((value) => `${base64url({ id: value })}.x`),
  fc.tuple(segment, segment).map(([name, rest]) => `eyJ${name}.${rest}`),
  fc.string(),
)
const around = fc.string({ unit: oneOf('eyJ-_ :=/%.a1') })
const claims = fc.dictionary(fc.string(), fc.jsonValue())
const spaces = fc.string({ unit: oneOf(' \t\n\r'), maxLength: 3 })
/** JWTs with any header, whatever white space is in it. */
const jwts = fc.tuple(claims, claims, spaces, spaces).map(([header, payload, before, after]) => {
  const more = JSON.stringify({ ...header, alg: undefined }).slice(1)
  const json = `{${before}"alg"${after}:"none"${more === '}' ? '' : ','}${more}`
  return `${Buffer.from(json).toString('base64url')}.${base64url(payload)}.c2ln`
})
const pasetos = fc
  .tuple(fc.constantFrom(1, 2, 3, 4), fc.constantFrom('local', 'public'), fc.uint8Array({ minLength: 41 }))
  .map(([version, purpose, bytes]) => `v${version}.${purpose}.${Buffer.from(bytes).toString('base64url')}`)
const encodings = fc.constantFrom('.', '%2e', '%2E', '%252E')

describe('holdsToken', () => {
  it('finds nothing in an id, a URL or an address, also percent-encoded', () => {
    fc.assert(fc.property(ids, (id) => !holdsToken(id) && !holdsToken(encodeURIComponent(id.toWellFormed()))))
  })

  it('finds a JWT and a PASETO in any text, also percent-encoded', () => {
    fc.assert(
      fc.property(fc.oneof(jwts, pasetos), around, around, encodings, (token, before, after, dot) =>
        holdsToken(before + token.replaceAll('.', dot) + after),
      ),
    )
  })

  it('finds a token over several lines', () => {
    fc.assert(
      fc.property(jwts, fc.nat(), (jwt, nat) => {
        const at = 1 + jwt.indexOf('.') + (nat % 10)
        return holdsToken(`JWT ${jwt.slice(0, at)}\n  ${jwt.slice(at)}`)
      }),
    )
  })

  it.each([
    'JhbGci',
    'iJhbGci',
    'ImFsZyI',
    'v4.local.',
    `v4.local.${'A'.repeat(53)} `,
    'v4%2elocal',
    '%25',
    '%2',
    'eyJ',
    '.',
  ])('takes time in proportion to a text of %j', (part) => {
    const short = part.repeat(2 ** 12 / part.length)
    // Were it the square, this would be 1,024.
    expect(timeOf(short.repeat(32), 5) / timeOf(short, 50)).toBeLessThan(300)
  })
})

describe('withoutTokens', () => {
  it('leaves no token, and every other text as it is', () => {
    fc.assert(
      fc.property(jwts, around, (jwt, before) => {
        const text = `seen: ${before}${jwt} in a log`
        const rest = withoutTokens(text)
        return rest.includes('<token>') && !holdsToken(rest) && !rest.includes(jwt.split('.')[1] ?? '')
      }),
    )
    fc.assert(fc.property(ids, (text) => withoutTokens(text) === text))
  })

  it('keeps the words around a token', () => {
    const jwt = `${base64url({ alg: 'none' })}.e30.c2ln`
    const text = `token=${jwt} was\nseen in ${jwt}, again`
    expect(withoutTokens(text)).toBe('<token> was\nseen in <token> again')
    expect(withoutTokens(`cut: ${jwt.slice(0, 12)} ${jwt.slice(12)}`)).toBe('<token>')
  })
})

/** The least time of several runs, in nanoseconds. */
function timeOf(text: string, runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const from = process.hrtime.bigint()
    holdsToken(text)
    return Number(process.hrtime.bigint() - from)
  })
  return Math.max(1, Math.min(...times))
}
