import { createSecretKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TokenClaims } from '../../api.js'
import { CliError } from '../errors.js'
import { median } from '../statistics.js'

/** The issuer of all tokens of the demo. */
export const ISSUER = 'https://issuer.example'
/** Every tenth token has no `jti`; the hash of the token identifies it. */
const WITHOUT_JTI_EVERY = 10
const SUBJECTS = 200

/** A signed token and its claims, as the library returned them. */
export interface MintedToken {
  readonly raw: string
  readonly claims: TokenClaims
}

/** How long the verification of a signature takes. */
export type AlgorithmResult = Awaited<ReturnType<typeof mintTokens>>['algorithms'][number]

/** Signs tokens with each algorithm and verifies all of them, with the libraries that services use. */
export async function mintTokens(perAlgorithm: number) {
  const tokens: MintedToken[] = []
  const algorithms = []
  for (const { algorithm, library, sign, verify } of await signers()) {
    const times: number[] = []
    while (times.length < perAlgorithm) {
      const raw = await sign(claimsOf(tokens.length))
      const started = performance.now()
      const claims = await verify(raw)
      times.push((performance.now() - started) * 1000)
      tokens.push({ raw, claims: { ...Object(claims) } as TokenClaims })
    }
    /** Microseconds. */
    const verifyP50 = median(times)
    algorithms.push({ algorithm, library, tokens: perAlgorithm, verifyP50 })
    await nextTurn()
  }
  return { tokens, algorithms }
}

/** The claims of the token that the killed process revokes under a number. */
export function crashClaims(index: number): TokenClaims {
  return { iss: ISSUER, jti: `crash-${index}` }
}

function claimsOf(index: number): TokenClaims {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: ISSUER, sub: `user-${index % SUBJECTS}`, sid: `session-${index}` }
  const jti = index % WITHOUT_JTI_EVERY === 0 ? {} : { jti: randomUUID() }
  return { ...claims, iat: now - 60, exp: now + 3600, ...jti }
}

async function signers() {
  const { jose, jsonwebtoken } = await libraries()
  const secret = createSecretKey(randomBytes(32))
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const symmetric = { algorithm: 'HS256', privateKey: secret, publicKey: secret } as const
  const withJsonwebtoken = [symmetric, { algorithm: 'RS256', ...rsa } as const].map(
    ({ algorithm, privateKey, publicKey }) => ({
      algorithm,
      library: 'jsonwebtoken',
      sign: (claims: TokenClaims) => jsonwebtoken.sign(claims, privateKey, { algorithm }),
      verify: (raw: string) =>
        jsonwebtoken.verify(raw, publicKey, { algorithms: [algorithm], issuer: ISSUER }),
    }),
  )
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ed = generateKeyPairSync('ed25519')
  const curves = Object.entries({ ES256: ec, EdDSA: ed })
  const withJose = curves.map(([alg, { privateKey, publicKey }]) => ({
    algorithm: alg,
    library: 'jose',
    sign: (claims: TokenClaims) =>
      new jose.SignJWT({ ...claims }).setProtectedHeader({ alg }).sign(privateKey),
    verify: async (raw: string) =>
      (await jose.jwtVerify(raw, publicKey, { algorithms: [alg], issuer: ISSUER })).payload,
  }))
  return [...withJsonwebtoken, ...withJose]
}

/** Loads the token libraries, which are development dependencies: users choose their own. */
async function libraries() {
  try {
    const [jose, { default: jsonwebtoken }] = await Promise.all([import('jose'), import('jsonwebtoken')])
    return { jose, jsonwebtoken }
  } catch (error) {
    const problem =
      'the demo signs real tokens with jose and jsonwebtoken, and looks for them beside revocade: ' +
      'npm install --no-save jose jsonwebtoken'
    throw new CliError('ERR_PEER_MISSING', problem, { cause: error })
  }
}
