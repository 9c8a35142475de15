import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto'
import type { TokenClaims } from '../../api.js'
import { CliError } from '../errors.js'
import { median } from '../statistics.js'

/** The issuer of all tokens of the demo. */
export const ISSUER = 'https://issuer.example'
/** Every tenth token has no `jti`; the hash of the token identifies it. */
const WITHOUT_JTI_EVERY = 10

/** A signed token and its verified claims. */
export interface MintedToken {
  readonly raw: string
  /** As the library returned them. */
  readonly claims: TokenClaims
  readonly sub: string
}

/** How long the verification of a signature takes. */
export interface AlgorithmResult {
  readonly algorithm: string
  readonly library: 'jsonwebtoken' | 'jose'
  readonly tokens: number
  /** Microseconds. */
  readonly verifyP50: number
}

interface Signer {
  readonly algorithm: string
  readonly library: 'jsonwebtoken' | 'jose'
  sign(claims: TokenClaims): Promise<string> | string
  verify(raw: string): Promise<TokenClaims> | TokenClaims
}

/** Signs tokens with each algorithm and verifies all of them, with the libraries that services use. */
export async function mintTokens(
  perAlgorithm: number,
  subjects: number,
  step: (done: number) => Promise<void>,
): Promise<{ tokens: MintedToken[]; algorithms: AlgorithmResult[] }> {
  const tokens: MintedToken[] = []
  const algorithms: AlgorithmResult[] = []
  for (const signer of await signers()) {
    const times: number[] = []
    for (let i = 0; i < perAlgorithm; i++) {
      const index = tokens.length
      const sub = `user-${index % subjects}`
      const raw = await signer.sign(claimsOf(index, sub))
      const started = performance.now()
      const claims = await signer.verify(raw)
      times.push((performance.now() - started) * 1000)
      tokens.push({ raw, claims, sub })
      if (i % 50 === 0) await step(tokens.length)
    }
    const { algorithm, library } = signer
    algorithms.push({ algorithm, library, tokens: perAlgorithm, verifyP50: median(times) })
  }
  return { tokens, algorithms }
}

function claimsOf(index: number, sub: string): TokenClaims {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: ISSUER,
    sub,
    sid: `session-${index}`,
    iat: now - 60,
    exp: now + 3600,
    ...(index % WITHOUT_JTI_EVERY === 0 ? {} : { jti: randomUUID() }),
  }
}

async function signers(): Promise<Signer[]> {
  const { jose, jsonwebtoken } = await libraries()
  const withJsonwebtoken = (
    algorithm: 'HS256' | 'RS256',
    privateKey: KeyObject,
    publicKey: KeyObject,
  ): Signer => ({
    algorithm,
    library: 'jsonwebtoken',
    sign: (claims) => jsonwebtoken.sign(claims, privateKey, { algorithm }),
    verify: (raw) => {
      const claims = jsonwebtoken.verify(raw, publicKey, { algorithms: [algorithm], issuer: ISSUER })
      return typeof claims === 'string' ? {} : claims
    },
  })
  const withJose = (algorithm: 'ES256' | 'EdDSA', privateKey: KeyObject, publicKey: KeyObject): Signer => ({
    algorithm,
    library: 'jose',
    sign: (claims) => new jose.SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm }).sign(privateKey),
    verify: async (raw) => {
      const { payload } = await jose.jwtVerify(raw, publicKey, { algorithms: [algorithm], issuer: ISSUER })
      return { ...payload }
    },
  })
  const secret = createSecretKey(randomBytes(32))
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ed = generateKeyPairSync('ed25519')
  return [
    withJsonwebtoken('HS256', secret, secret),
    withJsonwebtoken('RS256', rsa.privateKey, rsa.publicKey),
    withJose('ES256', ec.privateKey, ec.publicKey),
    withJose('EdDSA', ed.privateKey, ed.publicKey),
  ]
}

/** Loads the token libraries, which are development dependencies: users choose their own. */
async function libraries() {
  try {
    const [jose, { default: jsonwebtoken }] = await Promise.all([import('jose'), import('jsonwebtoken')])
    return { jose, jsonwebtoken }
  } catch (error) {
    throw new CliError(
      'ERR_PEER_MISSING',
      'the demo signs real tokens with jose and jsonwebtoken: npm install jose jsonwebtoken',
      { cause: error },
    )
  }
}
