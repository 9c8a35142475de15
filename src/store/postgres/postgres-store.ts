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
import { NetworkSessions } from '../network/network-sessions.js'
import type { HandedInPool } from './driver.js'
import { OpenPostgres } from './open-store.js'
import { type PostgresSettings, type PostgresStoreOptions, readPostgresOptions } from './options.js'

/**
 * The store on PostgreSQL, for engines on any number of machines. It lives in a schema of its own. The way of
 * a commit:
 *
 * 1. `GroupCommit.add` (../network/group-commit.ts) collects calls: one batch is on its way, the next one
 *    waits.
 * 2. `Committer.commit` (committer.ts) makes the batch one call of `apply_v1` (functions.ts), one commit.
 * 3. It is durable when the server has answered, without a warning; see `DurableCalls`.
 *
 * Every statement refuses a server that is a replica.
 *
 * @example
 * const store = new PostgresStore('postgres://user@host/db')
 * const revocade = await createRevocade({ store })
 */
export class PostgresStore implements RevocationStore {
  readonly kind = 'postgres'
  readonly buckets: BucketSource = {
    versions: async () => this.#required().reader.versions(),
    read: async (bucket, bits, since) => this.#required().reader.bucket(bucket, bits, since),
    split: async (bits) => this.#required().split(bits),
  }

  // One call of `commit_sessions_v1` for the commits that wait, under the lock that every writer takes.
  readonly sessions = new NetworkSessions(() => this.#required())

  readonly #settings: PostgresSettings
  #open: OpenPostgres | undefined
  #opened = false
  #closing: Promise<void> | undefined

  /**
   * @param place A URL (`postgres://user:password@host/database?sslmode=verify-full&schema=revocade`), or a
   *   Pool of the package `pg`, which the store does not end. It takes three connections of it at most.
   * @throws {RevocadeError} ERR_CONFIG when an option can't be used.
   */
  constructor(place: string | HandedInPool, options: PostgresStoreOptions = {}) {
    this.#settings = readPostgresOptions(place, options)
  }

  /** The largest tolerance that this store was opened with, in seconds, as of the last poll. */
  get clockToleranceSeconds(): number {
    return this.#open?.clockToleranceSeconds ?? 0
  }

  /**
   * Connects, and creates or migrates the store.
   *
   * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the server can't be used, ERR_STORE_MISMATCH when the
   * store has another secret or a newer schema, ERR_CONFIG when `exclusive` is asked for, when the package pg
   * is missing, or when this store was opened before.
   */
  async open(context: StoreContext): Promise<StoreInfo> {
    if (this.#opened) throw new RevocadeError('ERR_CONFIG', 'a store is opened only once: make another one')
    if (context.exclusive)
      throw new RevocadeError(
        'ERR_CONFIG',
        "option 'exclusive': a PostgreSQL store can't be owned by one engine: a pooler may stand between",
      )
    this.#opened = true
    const open = await OpenPostgres.open(this.#settings, context)
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
    return yield* this.#required().scan(liveAfter)
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

  #required(): OpenPostgres {
    if (this.#closing !== undefined) throw closed()
    if (this.#open === undefined)
      throw new RevocadeError('ERR_STORE_UNAVAILABLE', 'the store is not open: await open() first')
    return this.#open
  }
}

const closed = (): RevocadeError => new RevocadeError('ERR_CLOSED', 'the store was closed')
