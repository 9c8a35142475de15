import type { StoreContext } from '../../ports/index.js'
import type { RedisClient } from '../../redis/connection/client.js'
import { NetworkStore } from '../network/network-store.js'
import { OpenRedis } from './open-store.js'
import {
  readRedisStoreOptions,
  type RedisPlace,
  type RedisStoreOptions,
  type RedisStoreSettings,
} from './options.js'

/**
 * The store in Redis, for those who have no database: **it promises less than the others**, see
 * docs/redis-store.md. The way of a commit:
 *
 * 1. `GroupCommit.add` (../network/group-commit.ts) collects calls: one batch is on its way, the next one
 *    waits.
 * 2. `Committer.commit` (committer.ts) sends the batch with a random tag to one script
 *    (scripts/write-script.ts), which the server runs as one step. A commit of sessions takes its turn among
 *    the mutations of its batch (scripts/session-part.ts).
 * 3. It is acknowledged when the server has answered, and the demanded replicas have it.
 *
 * Every script refuses a server that is a replica, or that has lost the store. Once it was made, a store is
 * never made again.
 *
 * @example
 * const store = new RedisStore('redis://localhost:6379')
 * const revocade = await createRevocade({ store })
 */
export class RedisStore extends NetworkStore {
  readonly kind = 'redis'
  readonly durable = 'redis'
  readonly #settings: RedisStoreSettings

  /**
   * @param place A URL (`rediss://user:password@host:6380/0?prefix=revocade`), its parts, or an ioredis
   *   client, which the store duplicates and does not use itself.
   * @throws {RevocadeError} ERR_CONFIG when an option can't be used.
   */
  constructor(place: string | RedisPlace | RedisClient, options: RedisStoreOptions = {}) {
    super()
    this.#settings = readRedisStoreOptions(place, options)
  }

  protected override connect(context: StoreContext): Promise<OpenRedis> {
    return OpenRedis.open(this.#settings, context)
  }
}
