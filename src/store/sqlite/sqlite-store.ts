import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../errors.js'
import type {
  BucketSource,
  Collected,
  CollectorModule,
  Committed,
  DecidingRow,
  Digest,
  MaybePromise,
  Mutation,
  Poll,
  Position,
  RevocationStore,
  ScanChunk,
  ScanEnd,
  SessionStore,
  StoreContext,
  StoredRow,
  StoreInfo,
  StoreQuery,
  StoreStats,
} from '../../ports/index.js'
import { resolveStorePath } from './file/store-path.js'
import { OpenStore } from './open-store.js'
import type { SqliteStoreOptions } from './options.js'
import { streamFromThread, streamScan } from './read/scan.js'
import { SqliteSessions } from './sqlite-sessions.js'
import { endThread } from './thread.js'

/**
 * The embedded store: one SQLite file on a local disk, shared by any number of processes of one host.
 *
 * Reads are answered by the calling thread; commits, and scans of larger files, have threads of their own.
 * The way of a commit:
 *
 * 1. `SqliteStore.write` and `OpenStore.write` (open-store.ts) pass it on.
 * 2. `WriteQueue.write` (write/write-queue.ts) packs it into a batch for the write thread (write/worker.ts).
 * 3. `Committer.apply` (write/commit.ts) makes the batch one transaction.
 * 4. It is durable when COMMIT returns: `makeDurable` (file/open-writer.ts) sets WAL and `synchronous=FULL`,
 *    so SQLite syncs the log first.
 *
 * @example
 * const store = new SqliteStore('./revocade.db', { busyTimeoutMs: 10_000 })
 * const revocade = await createRevocade({ store })
 */
export class SqliteStore implements RevocationStore {
  readonly kind = 'sqlite'
  readonly buckets: BucketSource = {
    versions: () => this.#required().bucketVersions(),
    read: (bucket, bits, since, background) => this.#required().readBucket(bucket, bits, since, background),
    split: async (bits) => this.#required().splitBuckets(bits),
  }

  readonly sessions: SessionStore = new SqliteSessions(() => this.#required())

  readonly #path: string
  readonly #options: SqliteStoreOptions
  readonly #scans = new Set<Worker>()
  #open: OpenStore | undefined
  #opened = false
  #closing: Promise<void> | undefined

  /**
   * @param path The database file; created if it is missing. Its directory must exist.
   * @throws {RevocadeError} ERR_CONFIG when the path is not one of a file.
   */
  constructor(path: string, options: SqliteStoreOptions = {}) {
    if (path === '' || path === ':memory:' || path.startsWith('file:')) {
      throw new RevocadeError(
        'ERR_CONFIG',
        `the SQLite store needs the path of a file, such as './revocade.db', not ${JSON.stringify(path)}`,
      )
    }
    this.#path = resolveStorePath(path).given
    this.#options = options
  }

  /** Snapshots of the prefilter stand beside the store file. */
  get snapshotPath(): string {
    return `${this.#open?.path ?? resolveStorePath(this.#path).real}-l0`
  }

  /** The largest tolerance that this file was opened with, in seconds, as of the last poll. */
  get clockToleranceSeconds(): number {
    return this.#open?.clockToleranceSeconds ?? 0
  }

  /**
   * Opens the file, and creates or migrates the store in it.
   *
   * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the file can't be opened, ERR_STORE_CORRUPT when it is
   * damaged, ERR_STORE_MISMATCH when it belongs to another application, a newer version or another secret,
   * ERR_CONFIG when this store was opened before.
   */
  async open(context: StoreContext): Promise<StoreInfo> {
    if (this.#opened) throw new RevocadeError('ERR_CONFIG', 'a store is opened only once: make another one')
    this.#opened = true
    const open = await OpenStore.open({ path: this.#path, context, options: this.#options })
    if (this.#closing !== undefined) {
      await open.close()
      throw closed()
    }
    this.#open = open
    return { id: open.id, key: open.key }
  }

  get(digest: Digest): StoredRow | undefined {
    return this.#required().get(digest)
  }

  getDeciding(digest: Digest): DecidingRow | undefined {
    return this.#required().getDeciding(digest)
  }

  poll(after: Position, limit: number, seen = after): MaybePromise<Poll> {
    return this.#required().poll(after, limit, seen)
  }

  isCurrent(): boolean {
    return this.#open?.isCurrent() ?? false
  }

  async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    const open = this.#required()
    const job = { job: 'scan', ...open.target(), liveAfter } as const
    return yield* streamScan(job, this.#scans, () => void open.target())
  }

  async collect(liveAfter: number, collector: CollectorModule): Promise<Collected> {
    const open = this.#required()
    const job = { job: 'scan', ...open.target(), liveAfter, collector } as const
    const scan = streamFromThread(job, this.#scans, () => void open.target())
    for (;;) {
      const step = await scan.next()
      if (step.done === true) return step.value
    }
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#required().write(mutations)
  }

  list(query: StoreQuery): readonly StoredRow[] {
    return this.#required().list(query)
  }

  /**
   * Deletes the rows whose expiry and grace are over. The store does this by itself every 30 s.
   *
   * @returns The number of deleted rows.
   */
  async purge(): Promise<number> {
    return this.#required().purge()
  }

  stats(): StoreStats {
    return this.#required().stats()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#scans].map((thread) => endThread(thread)))
    await this.#open?.close()
  }

  #required(): OpenStore {
    if (this.#closing !== undefined) throw closed()
    if (this.#open === undefined) {
      throw new RevocadeError('ERR_STORE_UNAVAILABLE', 'the store is not open: await open() first')
    }
    return this.#open
  }
}

const closed = (): RevocadeError => new RevocadeError('ERR_CLOSED', 'the store was closed')
