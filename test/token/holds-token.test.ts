import fc from 'fast-check'
import { expect, it } from 'vitest'
import { holdsToken } from '#dist/token/jwt.js'

const segment = fc.string({ unit: fc.constantFrom(...'eyJwAa0-_19Z'), minLength: 1, maxLength: 40 })
const ids = fc.oneof(
  fc.uuid(),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.emailAddress(),
  fc.domain().map((host) => `https://v2.public.${host}/`),
  fc.uint8Array({ minLength: 8, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  // It begins as a JWT does, but nothing in it is a header.
  fc.tuple(segment, segment).map(([name, rest]) => `eyJ${name}.${rest}`),
  fc.string(),
)
const around = fc.string({ unit: fc.constantFrom(...'eyJ-_ :=/%.a1') })
const object = fc.dictionary(fc.string(), fc.jsonValue())
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

it('an id, a URL or an address is no token', () => {
  fc.assert(fc.property(ids, (id) => !holdsToken(id) && !holdsToken(encodeURIComponent(id.toWellFormed()))))
})

it('a JWT is found behind any text, also percent-encoded', () => {
  fc.assert(
    fc.property(around, object, object, (before, header, claims) => {
      const jwt = `${base64url({ ...header, alg: 'none' })}.${base64url(claims)}.c2ln`
      const encoded = encodeURIComponent(before) + jwt.replaceAll('.', '%2e')
      return holdsToken(before + jwt) && holdsToken(encoded)
    }),
  )
})

it('a header of any length is found', () => {
  const header = base64url({ alg: 'RS256', x5c: ['A'.repeat(4000)] })
  expect(holdsToken(`JWT ${header}.e30.c2ln`)).toBe(true)
})
