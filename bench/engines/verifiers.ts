import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import type { Workload } from '../harness/measure.js'
import { assertAnswer } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import { es256Keys, type Keys } from '../inputs/malleable-tokens.js'
import type { Random } from '../inputs/random.js'
import { TokenPool } from '../inputs/tokens.js'

type Algorithm = 'HS256' | 'RS256' | 'ES256'

/** As many as show no one token twice in a row; verifying takes the same for all. */
const TOKENS = 64

/** Verifies the tokens of a pool in turn, each a new string, as from a header. */
export class Verify implements Workload {
  readonly name: string
  readonly #pool: TokenPool
  readonly #verify: (token: string) => unknown
  #at = 0
  #tokens: string[] = []

  constructor(name: string, pool: TokenPool, verify: (token: string) => unknown) {
    this.name = name
    this.#pool = pool
    this.#verify = verify
  }

  prepare(count: number): void {
    this.#tokens = Array.from({ length: count }, () => this.#pool.fresh(this.#at++).token)
  }

  /** Throws where it takes one token's claims under another's signature. */
  async assertRefusesForged(): Promise<void> {
    const [header, , signature] = this.#pool.fresh(0).token.split('.')
    this.#tokens = [[header, this.#pool.fresh(1).token.split('.')[1], signature].join('.')]
    const taken = await this.run().catch(() => 0)
    assertAnswer(taken === 0, `${this.name} takes a forged token`)
  }

  async run(): Promise<number> {
    let verified = 0
    for (const token of this.#tokens) {
      const answer = this.#verify(token)
      if ((answer instanceof Promise ? await answer : answer) !== undefined) verified++
    }
    return verified
  }
}

/**
 * The signature, which is verified before any revocation check. jose verifies in WebCrypto's threads,
 * fast-jwt in the caller's, with its cache of verified tokens off as by default. jsonwebtoken is there for
 * HS256 only, as jwt-redis verifies with it once more.
 */
export async function verifying(random: Random): Promise<Workload[]> {
  const workloads = (['HS256', 'RS256', 'ES256'] as const).flatMap((algorithm) =>
    verifiersOf(algorithm, random),
  )
  for (const workload of workloads) await workload.assertRefusesForged()
  return workloads
}

function verifiersOf(algorithm: Algorithm, random: Random): Verify[] {
  const { sign, verify } = keysFor(algorithm)
  const pool = new TokenPool(
    Array.from({ length: TOKENS }, () => jsonwebtoken.sign(freshClaims(random), sign, { algorithm })),
  )
  const pem = algorithm === 'HS256' ? verify.export() : verify.export({ type: 'spki', format: 'pem' })
  const both = [
    new Verify(`${algorithm} jose`, pool, (token) => jwtVerify(token, verify, { algorithms: [algorithm] })),
    new Verify(`${algorithm} fast-jwt`, pool, createVerifier({ key: pem, algorithms: [algorithm] })),
  ]
  if (algorithm !== 'HS256') return both
  return [
    ...both,
    new Verify('HS256 jsonwebtoken', pool, (token) =>
      jsonwebtoken.verify(token, verify, { algorithms: [algorithm] }),
    ),
  ]
}

function keysFor(algorithm: Algorithm): Keys {
  if (algorithm === 'HS256') {
    const secret = createSecretKey(randomBytes(32))
    return { sign: secret, verify: secret }
  }
  if (algorithm === 'ES256') return es256Keys()
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { sign: privateKey, verify: publicKey }
}
