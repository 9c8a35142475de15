import { createRequire } from 'node:module'
import blacklist from 'express-jwt-blacklist'
import type { TokenClaims } from '#dist/index.js'
import type { Peer } from './peer.js'

interface OldRedisClient {
  on(event: 'error', listener: () => void): void
  quit(done: () => void): void
}

interface OldRedis {
  createClient(url: string): OldRedisClient
}

// It brings a redis 2 of its own, beside the redis 4 of others.
const redis = createRequire(createRequire(import.meta.url).resolve('express-jwt-blacklist'))(
  'redis',
) as OldRedis

/**
 * express-jwt-blacklist with its Redis store. `tokenId: 'jti'`, as in its documentation: with the default
 * `sub` all tokens of a user share one key and its expiry. Not `strict`, which refuses every token that is
 * not in this store. Its client, redis 2, pipelines calls that come together by itself.
 *
 * The package has one configuration for the process: the peer connected last is the one that answers.
 */
export class ExpressJwtBlacklist implements Peer {
  readonly name: string
  readonly #client: OldRedisClient

  private constructor(client: OldRedisClient, tokenId: 'jti' | 'sub') {
    this.name = tokenId === 'jti' ? 'express-jwt-blacklist' : 'express-jwt-blacklist by sub'
    this.#client = client
    this.#client.on('error', () => undefined) // calls fail
  }

  static connect(url: string, tokenId: 'jti' | 'sub' = 'jti'): ExpressJwtBlacklist {
    const client = redis.createClient(url)
    blacklist.configure({ tokenId, store: { type: 'redis', client } })
    return new ExpressJwtBlacklist(client, tokenId)
  }

  revoke(_token: string, claims: TokenClaims): Promise<void> {
    return new Promise((resolve, reject) => {
      blacklist.revoke(claims, (error) => (error instanceof Error ? reject(error) : resolve()))
    })
  }

  isRevoked(_token: string, claims: TokenClaims): Promise<boolean> {
    return new Promise((resolve, reject) => {
      blacklist.isRevoked(undefined, claims, (error, revoked) =>
        error instanceof Error ? reject(error) : resolve(revoked === true),
      )
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#client.quit(resolve))
  }
}
