import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { compactDecrypt, CompactEncrypt, jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, it } from 'vitest'
import { digestBytes, TokenDigester } from '#dist/token/identify.js'
import { type Mutation, mutations, otherS } from './mutations.js'

type Algorithm = 'ES256' | 'RS256' | 'HS256' | 'EdDSA'

interface Keys {
  readonly sign: KeyObject
  readonly verify: KeyObject
}

const secret = createSecretKey(randomBytes(32))
const keys: Record<Algorithm, Keys> = {
  ES256: pair(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  RS256: pair(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  HS256: { sign: secret, verify: secret },
  EdDSA: pair(generateKeyPairSync('ed25519')),
}

function pair({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Keys {
  return { sign: privateKey, verify: publicKey }
}

const digester = new TokenDigester({
  key: randomBytes(16),
  namespace: 'test',
  idClaims: ['jti'],
  maxTokenBytes: 16_384,
})

function identity(token: string): string {
  return Buffer.from(digestBytes(digester.token(token))).toString('hex')
}

/** Who accepts the token; an application may trim what it verifies and not what it asks about. */
async function acceptedBy(token: string, algorithm: Algorithm): Promise<string[]> {
  const key = keys[algorithm].verify
  const pem = algorithm === 'HS256' ? key.export() : key.export({ type: 'spki', format: 'pem' })
  const verifiers: Record<string, (text: string) => unknown> = {
    jose: (text) => jwtVerify(text, key, { algorithms: [algorithm] }),
    'fast-jwt': (text): unknown => createVerifier({ key: pem, algorithms: [algorithm] })(text),
  }
  if (algorithm !== 'EdDSA') {
    verifiers.jsonwebtoken = (text) => jsonwebtoken.verify(text, key, { algorithms: [algorithm] })
  }
  const accepted: string[] = []
  for (const [name, verify] of Object.entries(verifiers)) {
    if (await succeeds(() => verify(token))) accepted.push(name)
    if (token.trim() !== token && (await succeeds(() => verify(token.trim()))))
      accepted.push(`${name} of the trimmed token`)
  }
  return accepted
}

async function succeeds(call: () => unknown): Promise<boolean> {
  try {
    await call()
    return true
  } catch {
    return false
  }
}

async function sign(
  algorithm: Algorithm,
  claims: Readonly<Record<string, string>>,
  by: 'jose' | 'jsonwebtoken',
): Promise<string> {
  const key = keys[algorithm].sign
  if (by === 'jsonwebtoken' && algorithm !== 'EdDSA') {
    return jsonwebtoken.sign(claims, key, { algorithm, issuer: 'https://issuer.example/', expiresIn: 3600 })
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .setIssuer('https://issuer.example/')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key)
}

/** What is known to be accepted, so that the tests below are known to test something. */
const KNOWN = [
  'unused bits in last segment: jose',
  'padding of last segment: jose',
  'space in last segment: jose',
  'space before segment 0: fast-jwt of the trimmed token',
  'space after last segment: fast-jwt of the trimmed token',
]
const KNOWN_OF: Record<Algorithm, string[]> = {
  ES256: [
    'other s: jose',
    'other s: jsonwebtoken',
    'other s: fast-jwt',
    'unused bits in last segment of other s: jsonwebtoken',
    'unused bits in last segment: fast-jwt',
  ],
  RS256: ['unused bits in last segment: jsonwebtoken', 'unused bits in last segment: fast-jwt'],
  HS256: [],
  EdDSA: ['unused bits in last segment: fast-jwt'],
}

describe.each(['ES256', 'RS256', 'HS256', 'EdDSA'] as const)(
  'every accepted spelling of an %s token is that token',
  (algorithm) => {
    it.each([
      ['jose', 'with a jti', { jti: randomUUID(), sub: 'ü?>~~~???' }],
      ['jose', 'without', { sub: 'ü?>~~~???', nonce: randomUUID() }],
      // jsonwebtoken has no EdDSA
      ...(algorithm === 'EdDSA'
        ? []
        : [
            ['jsonwebtoken', 'with a jti', { jti: randomUUID(), sub: 'ü?>~~~???' }] as const,
            ['jsonwebtoken', 'without', { sub: 'ü?>~~~???', nonce: randomUUID() }] as const,
          ]),
    ] as const)('signed by %s, %s', async (signer, _name, claims) => {
      const token = await sign(algorithm, claims, signer)
      const forms: Mutation[] = mutations(token)
      if (algorithm === 'ES256') {
        const other = otherS(token)
        forms.push({ kind: 'other s', token: other })
        forms.push(
          ...mutations(other).map(({ kind, token: form }) => ({ kind: `${kind} of other s`, token: form })),
        )
      }
      const original = identity(token)
      const accepted = new Set<string>()
      for (const { kind, token: form } of forms) {
        const verifiers = await acceptedBy(form, algorithm)
        for (const verifier of verifiers) accepted.add(`${kind}: ${verifier}`)
        if (verifiers.length > 0) expect(identity(form), `${kind}: ${JSON.stringify(form)}`).toBe(original)
      }
      expect([...accepted]).toEqual(expect.arrayContaining([...KNOWN, ...KNOWN_OF[algorithm]]))
      expect(identity(await sign(algorithm, { ...claims, jti: randomUUID() }, signer))).not.toBe(original)
    })
  },
)

describe('every accepted spelling of an encrypted token is that token', () => {
  const rsa = pair(generateKeyPairSync('rsa', { modulusLength: 2048 }))

  const encrypt = (alg: string, enc: string): Promise<string> =>
    new CompactEncrypt(Buffer.from(JSON.stringify({ sub: 'u1' })))
      .setProtectedHeader({ alg, enc })
      .encrypt(alg === 'dir' ? secret : rsa.verify)

  const decrypts = (token: string, alg: string): Promise<boolean> =>
    succeeds(() => compactDecrypt(token, alg === 'dir' ? secret : rsa.sign))

  it.each([
    ['dir', 'A256GCM'],
    ['RSA-OAEP-256', 'A128CBC-HS256'],
  ])('%s, %s', async (alg, enc) => {
    const token = await encrypt(alg, enc)
    const original = identity(token)
    const accepted = new Set<string>()
    for (const { kind, token: form } of mutations(token)) {
      if (!(await decrypts(form, alg))) continue
      accepted.add(kind)
      expect(identity(form), `${kind}: ${JSON.stringify(form)}`).toBe(original)
    }
    const segments =
      alg === 'dir'
        ? ['segment 2', 'segment 3', 'last segment']
        : ['segment 1', 'segment 2', 'segment 3', 'last segment']
    expect([...accepted]).toEqual(expect.arrayContaining(segments.map((segment) => `space in ${segment}`)))
    expect(identity(await encrypt(alg, enc))).not.toBe(original)
  })

  it('an encrypted key without its leading zero', async () => {
    let token: string
    let key: Buffer
    do {
      token = await encrypt('RSA-OAEP-256', 'A256GCM')
      key = Buffer.from(token.split('.')[1] ?? '', 'base64url')
    } while (key[0] !== 0)
    const shorter = token.split('.').with(1, key.subarray(1).toString('base64url')).join('.')
    // Node 20 with jose takes it: OpenSSL reads the number, whatever its length
    expect(identity(shorter)).toBe(identity(token))
  })
})
