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
import { NetworkSessions, type OpenSessions } from './network-sessions.js'

/** A store across a network that has connected. */
export interface OpenNetworkStore extends OpenSessions {
  readonly store: StoreInfo
  readonly reader: OpenSessions['reader'] & {
    get(digest: Digest): Promise<StoredRow | undefined>
    poll(after: Position, limit: number, seen: Position, withBuckets: boolean): Promise<Poll>
    contains(positions: readonly Position[]): Promise<readonly boolean[]>
    list(query: StoreQuery): Promise<readonly StoredRow[]>
    versions(): ReturnType<BucketSource['versions']>
    bucket(...bucket: Parameters<BucketSource['read']>): ReturnType<BucketSource['read']>
  }
  readonly clockToleranceSeconds: number
  /** Whether polls report the versions of buckets. */
  readonly withBuckets: boolean
  scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void>
  write(mutations: readonly Mutation[]): Promise<Committed>
  split(bits: number): Promise<void>
  /** @param force - also if another engine has purged a moment ago */
  purge(force: boolean): Promise<number>
  stats(): StoreStats
  close(): Promise<void>
}

/** A store across a network: opened once, then in use, then closed. Each kind says how it connects. */
export abstract class NetworkStore implements RevocationStore {
  abstract readonly kind: string
  readonly buckets: BucketSource = {
    versions: async () => this.#required().reader.versions(),
    read: async (bucket, bits, since) => this.#required().reader.bucket(bucket, bits, since),
    split: async (bits) => this.#required().split(bits),
  }

  readonly sessions = new NetworkSessions(() => this.#required())

  #open: OpenNetworkStore | undefined
  #opened = false
  #closing: Promise<void> | undefined

  /** Connects, and creates or migrates the store. When it rejects, everything is released. */
  protected abstract connect(context: StoreContext): Promise<OpenNetworkStore>

  /** The largest tolerance that this store was opened with, in seconds, as of the last poll. */
  get clockToleranceSeconds(): number {
    return this.#open?.clockToleranceSeconds ?? 0
  }

  /**
   * Connects, and makes or migrates the store.
   *
   * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the server can't be used, or lacks what a store needs,
   * ERR_STORE_MISMATCH when the store has another secret or a newer layout, ERR_STORE_CORRUPT when a part of
   * it is missing, ERR_CONFIG when `exclusive` is asked for, when the package of the client is missing, or
   * when this store was opened before.
   */
  async open(context: StoreContext): Promise<StoreInfo> {
    if (this.#opened) throw new RevocadeError('ERR_CONFIG', 'a store is opened only once: make another one')
    if (context.exclusive)
      throw new RevocadeError(
        'ERR_CONFIG',
        "option 'exclusive': a store on a server can't be owned by one engine: use a SQLite file for that",
      )
    this.#opened = true
    const open = await this.connect(context)
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

  #required(): OpenNetworkStore {
    if (this.#closing !== undefined) throw closed()
    if (this.#open === undefined)
      throw new RevocadeError('ERR_STORE_UNAVAILABLE', 'the store is not open: await open() first')
    return this.#open
  }
}

const closed = (): RevocadeError => new RevocadeError('ERR_CLOSED', 'the store was closed')
