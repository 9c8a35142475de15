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
export interface AlgorithmResult {
  readonly algorithm: string
  readonly library: string
  readonly tokens: number
  /** Microseconds. */
  readonly verifyP50: number
}

interface Signer {
  readonly algorithm: string
  readonly library: string
  readonly sign: (claims: TokenClaims) => Promise<string> | string
  readonly verify: (raw: string) => Promise<object> | object | string
}

/** Signs tokens with each algorithm and verifies all of them, with the libraries that services use. */
export async function mintTokens(
  perAlgorithm: number,
): Promise<{ tokens: MintedToken[]; algorithms: AlgorithmResult[] }> {
  const tokens: MintedToken[] = []
  const algorithms: AlgorithmResult[] = []
  for (const { algorithm, library, sign, verify } of await signers()) {
    const times: number[] = []
    while (times.length < perAlgorithm) {
      const raw = await sign(claimsOf(tokens.length))
      const started = performance.now()
      const claims = await verify(raw)
      times.push((performance.now() - started) * 1000)
      tokens.push({ raw, claims: { ...Object(claims) } as TokenClaims })
    }
    algorithms.push({ algorithm, library, tokens: perAlgorithm, verifyP50: median(times) })
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

async function signers(): Promise<Signer[]> {
  const { jose, jsonwebtoken } = await libraries()
  const secret = createSecretKey(randomBytes(32))
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const symmetric = { algorithm: 'HS256', privateKey: secret, publicKey: secret } as const
  const withJsonwebtoken = [symmetric, { algorithm: 'RS256', ...rsa } as const].map(
    ({ algorithm, privateKey, publicKey }): Signer => ({
      algorithm,
      library: 'jsonwebtoken',
      sign: (claims) => jsonwebtoken.sign(claims, privateKey, { algorithm }),
      verify: (raw) => jsonwebtoken.verify(raw, publicKey, { algorithms: [algorithm], issuer: ISSUER }),
    }),
  )
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ed = generateKeyPairSync('ed25519')
  const withJose = [
    { alg: 'ES256', ...ec },
    { alg: 'EdDSA', ...ed },
  ].map(({ alg, privateKey, publicKey }): Signer => ({
    algorithm: alg,
    library: 'jose',
    sign: (claims) => new jose.SignJWT({ ...claims }).setProtectedHeader({ alg }).sign(privateKey),
    verify: async (raw) =>
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
    const advice = 'npm install jose jsonwebtoken'
    const problem = `the demo signs real tokens with jose and jsonwebtoken: ${advice}`
    throw new CliError('ERR_PEER_MISSING', problem, { cause: error })
  }
}
