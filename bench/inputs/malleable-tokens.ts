import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import type { TokenClaims } from '#dist/index.js'
import { claimsOf } from './tokens.js'

/** One token, and what its holder can make of it that a verifier still takes for it. */
export interface Respelt {
  readonly token: string
  readonly claims: TokenClaims
  readonly spellings: readonly Spelling[]
}

export interface Spelling {
  readonly token: string
  readonly way: string
  readonly acceptedBy: readonly string[]
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The order of P-256 (SEC 2, section 2.4.2): with (r, s), (r, n − s) is a signature of the same. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** Changes that need no key. Which of them are accepted is found out, not assumed. */
const WAYS: Readonly<Record<string, (signature: string) => string>> = {
  'other spare bits': (signature) =>
    signature.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(signature.slice(-1)) ^ 1),
  padding: (signature) => signature + '='.repeat(-signature.length & 3),
  'white space': (signature) => `${signature.slice(0, 8)} ${signature.slice(8)}`,
  'n − s': (signature) => {
    const bytes = Buffer.from(signature, 'base64url')
    const s = BigInt(`0x${bytes.toString('hex', 32)}`)
    bytes.write((ORDER - s).toString(16).padStart(64, '0'), 32, 'hex')
    return bytes.toString('base64url')
  },
}

export interface Keys {
  readonly sign: KeyObject
  readonly verify: KeyObject
}

/**
 * For ES256 only: its signatures can be respelt in all of these ways, and each verifier accepts some of them.
 */
export function es256Keys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { sign: privateKey, verify: publicKey }
}

export const sign = (claims: TokenClaims, keys: Keys): string =>
  jsonwebtoken.sign(claims, keys.sign, { algorithm: 'ES256' })

/** Signs the claims and finds the spellings that some verifier accepts. */
export async function respell(claims: TokenClaims, keys: Keys): Promise<Respelt> {
  const token = sign(claims, keys)
  const dot = token.lastIndexOf('.') + 1
  const spellings: Spelling[] = []
  for (const [way, change] of Object.entries(WAYS)) {
    const other = token.slice(0, dot) + change(token.slice(dot))
    const acceptedBy = await verifiersOf(other, keys.verify)
    if (other !== token && acceptedBy.length > 0) spellings.push({ token: other, way, acceptedBy })
  }
  return { token, claims: claimsOf(token), spellings }
}

async function verifiersOf(token: string, key: KeyObject): Promise<string[]> {
  const pem = key.export({ type: 'spki', format: 'pem' })
  const verifiers: Readonly<Record<string, () => unknown>> = {
    jose: () => jwtVerify(token, key, { algorithms: ['ES256'] }),
    jsonwebtoken: () => jsonwebtoken.verify(token, key, { algorithms: ['ES256'] }),
    'fast-jwt': (): unknown => createVerifier({ key: pem, algorithms: ['ES256'] })(token),
  }
  const accepting: string[] = []
  for (const [name, verify] of Object.entries(verifiers)) {
    try {
      await verify()
      accepting.push(name)
    } catch {
      // refused
    }
  }
  return accepting
}
