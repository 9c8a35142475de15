import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TokenDigester } from '#dist/token/identify.js'
import { ourError } from '../support/errors.js'

const digester = new TokenDigester({
  key: new Uint8Array(16),
  namespace: 'default',
  idClaims: ['jti'],
  maxTokenBytes: 16_384,
})
const name = (token: string) => JSON.stringify(digester.targetOf(token))
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** Bytes of a signature, by version. */
const SIGNATURE = { v1: 256, v2: 64, v3: 96, v4: 64 }
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A token with payloads of each length modulo 3, so that the last character has 0, 2 or 4 unused bits. */
const tokens = Object.entries(SIGNATURE).flatMap(([version, signature]) =>
  ['public', 'local'].flatMap((purpose) =>
    [100, 101, 102].flatMap((length) => {
      const payload = randomBytes(length)
      const start = `${version}.${purpose}.`
      const signed = (by: Uint8Array) =>
        start + base64(purpose === 'public' ? Buffer.concat([payload, by]) : payload)
      return ['', `.${base64(Buffer.from('{"kid":"k"}'))}`].map((footer) => ({
        token: signed(randomBytes(signature)) + footer,
        otherSignature: signed(randomBytes(signature)) + footer,
        purpose,
      }))
    }),
  ),
)

/** Other spellings that lenient decoders take for the same bytes. */
function respelt(token: string): string[] {
  const segments = token.split('.')
  return segments
    .slice(2)
    .flatMap((segment, i) =>
      [
        `${segment}=`,
        `${segment}==`,
        segment.replaceAll('-', '+').replaceAll('_', '/'),
        ...Array.from(BASE64URL, (last) => segment.slice(0, -1) + last),
      ]
        .filter((other) => Buffer.from(other, 'base64').equals(Buffer.from(segment, 'base64')))
        .map((other) => segments.with(i + 2, other).join('.')),
    )
}

describe('PASETO', () => {
  it('is one token in every spelling', () => {
    for (const { token } of tokens) {
      expect(respelt(token).length).toBeGreaterThan(2)
      for (const other of [...respelt(token), ` ${token}\n`]) expect(name(other)).toBe(name(token))
    }
  })

  it('is the same with another signature, and another with other bytes', () => {
    for (const { token, otherSignature, purpose } of tokens) {
      if (purpose === 'public') expect(name(otherSignature)).toBe(name(token))
      const at = token.indexOf('.', 3) + 5
      expect(name(token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1))).not.toBe(
        name(token),
      )
      expect(name(`${token.split('.').slice(0, 3).join('.')}.${base64(Buffer.from('other'))}`)).not.toBe(
        name(token),
      )
    }
    expect(new Set(tokens.map(({ token }) => name(token))).size).toBe(tokens.length)
  })

  it('that is encrypted keeps the name that earlier versions gave it', () => {
    for (const { token, purpose } of tokens) {
      const sha256 = createHash('sha256').update(token).digest('hex')
      if (purpose === 'local') expect(digester.targetOf(token)).toEqual({ kind: 'hash', sha256 })
    }
  })

  it.each([
    'v4.public.',
    `v4.public.${base64(randomBytes(64))}`,
    'v4.local.',
    'v4.local.!',
    'v4.local.AA=A',
    'v4.local.AAAA.%',
    'v4.local.AAAA.AAAA.AAAA',
  ])('that can not be decoded is refused: %s', (token) => {
    expect(() => digester.token(token)).toThrow(ourError('ERR_INVALID_TOKEN', 'damaged'))
  })

  it.each(['v5.public.AAAA', 'v4.secret.AAAA', 'v4.publicAAAA', 'xv4.public.AAAA'])(
    'is not what only looks like it: %s',
    (token) => {
      const sha256 = createHash('sha256').update(token).digest('hex')
      expect(digester.targetOf(token)).toEqual({ kind: 'hash', sha256 })
    },
  )
})
