import type { KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import type exported from 'jwt-redis'
import { createClient, type RedisClientType } from 'redis'
import type { TokenClaims } from '#dist/index.js'
import { numberOf, type Peer, textOf } from './peer.js'

// What `import` makes of a CommonJS default export differs between Node and test runners.
const { default: JWTR, TokenDestroyedError } = createRequire(import.meta.url)('jwt-redis') as typeof exported

const PREFIX = 'jwt_label:'

/**
 * jwt-redis stores the active tokens: it sets a label when it signs one, and refuses a token without a label.
 * So each check verifies the signature once more, with its own jsonwebtoken 8, and refuses tokens that it did
 * not sign. Its client, redis 4, pipelines calls that come together by itself.
 */
export class JwtRedis implements Peer {
  readonly name = 'jwt-redis'
  readonly #client: RedisClientType
  readonly #jwtr: InstanceType<typeof JWTR>
  readonly #key: KeyObject
  readonly #algorithm: 'HS256' | 'ES256' | 'RS256'

  private constructor(client: RedisClientType, key: KeyObject, algorithm: 'HS256' | 'ES256' | 'RS256') {
    this.#client = client
    this.#jwtr = new JWTR(client, { prefix: PREFIX })
    this.#key = key
    this.#algorithm = algorithm
  }

  /** @param key A KeyObject: with text or bytes jsonwebtoken has to parse a key anew for each token. */
  static async connect(
    url: string,
    key: KeyObject,
    algorithm: 'HS256' | 'ES256' | 'RS256' = 'HS256',
  ): Promise<JwtRedis> {
    const client: RedisClientType = createClient({ url })
    client.on('error', () => undefined) // calls reject
    await client.connect()
    return new JwtRedis(client, key, algorithm)
  }

  /** The command with which its `sign` ends. */
  async issue(claims: TokenClaims): Promise<void> {
    const seconds = Math.floor(numberOf(claims, 'exp') - Date.now() / 1000)
    await this.#client.set(PREFIX + textOf(claims, 'jti'), 'true', { EX: seconds })
  }

  async revoke(_token: string, claims: TokenClaims): Promise<void> {
    await this.#jwtr.destroy(textOf(claims, 'jti'))
  }

  async isRevoked(token: string): Promise<boolean> {
    try {
      await this.#jwtr.verify(token, (_header, done) => done(null, this.#key), {
        algorithms: [this.#algorithm],
      })
      return false
    } catch (error) {
      if (error instanceof TokenDestroyedError) return true
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.quit()
  }
}
