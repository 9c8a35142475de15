import type { KeyObject } from 'node:crypto'
import { inFlight } from '../../harness/in-flight.js'
import { claimsOf, type Pools } from '../../inputs/tokens.js'
import { ExpressJwtBlacklist } from './express-jwt-blacklist.js'
import { IoredisExists } from './ioredis-exists.js'
import { JwtRedis } from './jwt-redis.js'
import type { Peer } from './peer.js'

/** For so many that come together. */
export const TOGETHER = 64

const WRITES_TOGETHER = 500

/** The peers that keep their revocations in Redis. */
export interface RedisPeers extends AsyncDisposable {
  /**
   * For one check at a time, and for many together. Only ioredis differs: its auto-pipelining is an option.
   */
  readonly alone: readonly Peer[]
  readonly together: readonly Peer[]
}

export async function connectRedisPeers(url: string, key: KeyObject): Promise<RedisPeers> {
  const exists = await IoredisExists.connect(url, { key: 'token', pipelining: false })
  const pipelined = await IoredisExists.connect(url, { key: 'token', pipelining: true })
  const others = [await JwtRedis.connect(url, key), ExpressJwtBlacklist.connect(url)]
  return {
    alone: [exists, ...others],
    together: [pipelined, ...others],
    async [Symbol.asyncDispose]() {
      for (const peer of [exists, pipelined, ...others]) await peer[Symbol.asyncDispose]()
    },
  }
}

/**
 * Revokes the revoked tokens with each peer on an empty server, and has the others issued where a peer needs
 * that.
 */
export async function fillRedis(url: string, key: KeyObject, { active, revoked }: Pools): Promise<void> {
  await using peers = await connectRedisPeers(url, key)
  for (const peer of peers.together) {
    if (peer instanceof JwtRedis)
      await inFlight(active.tokens, WRITES_TOGETHER, (token) => peer.issue(claimsOf(token)))
    await inFlight(revoked.tokens, WRITES_TOGETHER, (token) => peer.revoke(token, claimsOf(token)))
  }
}
