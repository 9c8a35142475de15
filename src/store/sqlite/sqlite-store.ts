import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../errors.js'
import type {
  BucketSource,
  Committed,
  Digest,
  MaybePromise,
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
import { OpenStore } from './open-store.js'
import type { SqliteStoreOptions } from './options.js'
import { streamScan } from './read/scan.js'

/**
 * The embedded store: one SQLite file, on a local disk, shared by any number of processes of one host.
 *
 * Reads are answered at once by the calling thread; commits (WAL, `synchronous=FULL`) and long scans have threads
 * of their own.
 */
export class SqliteStore implements RevocationStore {
  readonly kind = 'sqlite'
  readonly buckets: BucketSource = {
    versions: () => this.#required().bucketVersions(),
    read: (...which) => this.#required().readBucket(...which),
    split: async (bits) => this.#required().divide(bits),
  }

  readonly #path: string
  readonly #options: SqliteStoreOptions
  readonly #jobs = new Set<Worker>()
  #open: OpenStore | undefined
  #opened = false
  #closing: Promise<void> | undefined

  /** @param path The database file; created where it is missing. Its directory must exist. */
  constructor(path: string, options: SqliteStoreOptions = {}) {
    if (path === '' || path === ':memory:' || path.startsWith('file:')) {
      throw new RevocadeError(
        'ERR_CONFIG',
        `The SQLite store needs the path of a file, not ${JSON.stringify(path)}: ` +
          'its connections could not share it.',
      )
    }
    this.#path = realPath(path)
    this.#options = options
  }

  get snapshotPath(): string {
    return `${this.#path}-l0`
  }

  async open(context: StoreContext): Promise<StoreInfo> {
    if (this.#opened) throw new RevocadeError('ERR_CONFIG', 'A store is opened once. Make another one.')
    this.#opened = true
    const open = await OpenStore.open(this.#path, context, this.#options)
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

  poll(after: Position, limit: number, seen = after): MaybePromise<Poll> {
    return this.#required().poll(after, limit, seen)
  }

  isCurrent(): boolean {
    return this.#open?.isCurrent() ?? false
  }

  async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    const { namespaceId } = this.#required().healthy()
    return yield* streamScan({ job: 'scan', path: this.#path, namespaceId, liveAfter }, this.#jobs)
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#required().write(mutations)
  }

  list(query: StoreQuery): readonly StoredRow[] {
    return this.#required().list(query)
  }

  /** Deletes rows whose expiry and grace are over; the number of rows. Runs by itself every 30 s. */
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
    await Promise.all([...this.#jobs].map((job) => job.terminate()))
    await this.#open?.close()
  }

  #required(): OpenStore {
    if (this.#closing !== undefined) throw closed()
    if (this.#open === undefined) {
      throw new RevocadeError('ERR_STORE_UNAVAILABLE', 'The store is not open. Await open() first.')
    }
    return this.#open
  }
}

const closed = (): RevocadeError => new RevocadeError('ERR_CLOSED', 'The store was closed.')

/** One name for one file: SQLite puts its log beside the file a link leads to, and so do we with the lock. */
function realPath(path: string): string {
  const absolute = resolve(path)
  try {
    return realpathSync(absolute)
  } catch {
    try {
      return join(realpathSync(dirname(absolute)), basename(absolute))
    } catch {
      return absolute // no such directory: opening says so
    }
  }
}
