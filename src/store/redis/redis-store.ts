import { RevocadeError } from '../../errors.js'
import type {
  BucketSource,
  Committed,
  Digest,
  Mutation,
  Poll,
  Position,
  RevocationStore,
  ScanChunk,
  ScanEnd,
  StoreContext,
  StoredRow,
  StoreInfo,
  StoreQuery,
  StoreStats,
} from '../../ports/index.js'
import type { RedisClient } from '../../redis/connection/client.js'
import { NetworkSessions } from '../network/network-sessions.js'
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
 *    (scripts/write-script.ts), which the server runs as one step.
 * 3. It is acknowledged when the server has answered, and the demanded replicas have it.
 *
 * Every script refuses a server that is a replica, or that has lost the store.
 *
 * @example
 * const store = new RedisStore('redis://localhost:6379')
 * const revocade = await createRevocade({ store })
 */
export class RedisStore implements RevocationStore {
  readonly kind = 'redis'
  readonly durable = 'redis'
  readonly buckets: BucketSource = {
    versions: async () => this.#required().reader.versions(),
    read: async (bucket, bits, since) => this.#required().reader.bucket(bucket, bits, since),
    split: async (bits) => this.#required().split(bits),
  }

  // A commit takes its turn among the mutations of its batch, in the same script (scripts/session-part.ts).
  readonly sessions = new NetworkSessions(() => this.#required())

  readonly #settings: RedisStoreSettings
  #open: OpenRedis | undefined
  #opened = false
  #closing: Promise<void> | undefined

  /**
   * @param place A URL (`rediss://user:password@host:6380/0?prefix=revocade`), its parts, or an ioredis
   *   client, which the store duplicates and does not use itself.
   * @throws {RevocadeError} ERR_CONFIG when an option can't be used.
   */
  constructor(place: string | RedisPlace | RedisClient, options: RedisStoreOptions = {}) {
    this.#settings = readRedisStoreOptions(place, options)
  }

  /** The largest tolerance that this store was opened with, in seconds, as of the last poll. */
  get clockToleranceSeconds(): number {
    return this.#open?.clockToleranceSeconds ?? 0
  }

  /**
   * Connects, and makes the store if there is none. Afterwards it is never made again.
   *
   * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the server can't be used, or lacks what a store needs,
   * ERR_STORE_MISMATCH when the store has another secret or a newer layout, ERR_STORE_CORRUPT when a part of
   * it is missing, ERR_CONFIG when `exclusive` is asked for, when the package ioredis is missing, or when
   * this store was opened before.
   */
  async open(context: StoreContext): Promise<StoreInfo> {
    if (this.#opened) throw new RevocadeError('ERR_CONFIG', 'a store is opened only once: make another one')
    if (context.exclusive)
      throw new RevocadeError('ERR_CONFIG', "option 'exclusive': a Redis store can't be owned by one engine")
    this.#opened = true
    const open = await OpenRedis.open(this.#settings, context)
    if (this.#closing !== undefined) {
      await open.close()
      throw closed()
    }
    this.#open = open
    const { id, key } = open.store
    return { id, key }
  }

  async get(digest: Digest): Promise<StoredRow | undefined> {
    return this.#required().reader.get(digest)
  }

  async poll(after: Position, limit: number, seen = after): Promise<Poll> {
    const { reader, withBuckets } = this.#required()
    return reader.poll(after, limit, seen, withBuckets)
  }

  async contains(positions: readonly Position[]): Promise<readonly boolean[]> {
    return this.#required().reader.contains(positions)
  }

  async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    return yield* this.#required().reader.scan(liveAfter)
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#required().write(mutations)
  }

  async list(query: StoreQuery): Promise<readonly StoredRow[]> {
    return this.#required().reader.list(query)
  }

  /**
   * Deletes the rows whose expiry and grace are over. One of the engines does this by itself every minute.
   *
   * @returns The number of deleted rows.
   */
  async purge(): Promise<number> {
    return this.#required().purge(true)
  }

  stats(): StoreStats {
    return this.#required().stats()
  }

  close(): Promise<void> {
    this.#closing ??= this.#open?.close() ?? Promise.resolve()
    return this.#closing
  }

  #required(): OpenRedis {
    if (this.#closing !== undefined) throw closed()
    if (this.#open === undefined)
      throw new RevocadeError('ERR_STORE_UNAVAILABLE', 'the store is not open: await open() first')
    return this.#open
  }
}

const closed = (): RevocadeError => new RevocadeError('ERR_CLOSED', 'the store was closed')
