import { RevocadeError } from '../../errors.js'
import type {
  AllBucketVersions,
  BucketRead,
  BucketSource,
  Committed,
  Digest,
  MaybePromise,
  Mutation,
  Poll,
  Position,
  StoreContext,
  StoredRow,
  StoreQuery,
  StoreStats,
} from '../../ports/index.js'
import { type Connections, openConnections } from './connection-set.js'
import { toRevocadeError } from './errors.js'
import { fileIdentity, fileSize } from './file/identity.js'
import { acquireLock, type StoreLock } from './file/lock.js'
import { moveAwayLog } from './file/orphaned-wal.js'
import { SCHEMA_VERSION } from './file/schema.js'
import type { SqliteStoreOptions } from './options.js'
import { toBucketRead } from './read/bucket-reader.js'
import type { Reader } from './read/reader.js'

const PURGE_INTERVAL_MS = 30_000
/** In place of a file's identity: the connections were closed, and no other file could be opened yet. */
const CLOSED = 'closed'

/** A store between open and close: its connections, and what to do when the file under them is exchanged. */
export class OpenStore {
  readonly key: Uint8Array
  readonly #path: string
  readonly #context: StoreContext
  readonly #options: SqliteStoreOptions
  readonly #lock: StoreLock
  readonly #purgeTimer: NodeJS.Timeout
  #connections: Connections
  /** The file they are open on. */
  #identity: string
  /** Why nothing is answered: the file is gone, another's, damaged. */
  #fault: RevocadeError | undefined
  /** The fault is only that the file is missing. */
  #away = false
  #healing: Promise<Poll> | undefined
  /** `data_version` and position of the last poll that delivered everything. */
  #version = -1
  #delivered: Position = { seq: 0, epoch: '' }
  #commits = 0

  static async open(path: string, context: StoreContext, options: SqliteStoreOptions): Promise<OpenStore> {
    const lock = acquireLock(path, context.exclusive)
    try {
      const connections = await openConnections(path, context, options, true)
      return new OpenStore(path, context, options, lock, connections)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  private constructor(
    path: string,
    context: StoreContext,
    options: SqliteStoreOptions,
    lock: StoreLock,
    connections: Connections,
  ) {
    this.key = connections.found.key
    this.#path = path
    this.#context = context
    this.#options = options
    this.#lock = lock
    this.#connections = connections
    this.#identity = connections.found.identity
    this.#watchIntegrity()
    this.#purgeTimer = setInterval(() => {
      this.purge().catch((error: unknown) =>
        context.logger.warn({ err: error }, 'expired revocations could not be purged'),
      )
    }, PURGE_INTERVAL_MS).unref()
  }

  get id(): string {
    return this.#connections.found.id
  }

  /** The namespace's number, where the store can be read at all. */
  healthy(): { readonly namespaceId: number } {
    if (this.#fault !== undefined) throw this.#fault
    return this.#connections.found
  }

  get(digest: Digest): StoredRow | undefined {
    return this.#read((reader) => reader.get(digest))
  }

  list(query: StoreQuery): StoredRow[] {
    return this.#read((reader) => reader.list(query))
  }

  bucketVersions(): AllBucketVersions {
    return this.#read((reader) => reader.bucketVersions())
  }

  /** All of a bucket that nobody waits for is read by the thread, where there are many and it can; everything else at once. */
  readBucket(
    ...[bucket, bits, since, background]: Parameters<BucketSource['read']>
  ): MaybePromise<BucketRead> {
    const changes = since && this.#read((reader) => reader.buckets.changes(bucket, bits, since))
    if (changes !== undefined) return changes
    if (this.#fault !== undefined) throw this.#fault
    const { buckets } = this.#connections
    const atOnce = (): BucketRead => this.#read((reader) => toBucketRead(reader.buckets.whole(bucket, bits)))
    return background === true && buckets.isWorthIt(bits)
      ? buckets.read(bucket, bits).catch(atOnce)
      : atOnce()
  }

  async divide(bits: number): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault
    await this.#connections.writer.chore({ type: 'divide', bits })
  }

  isCurrent(): boolean {
    if (this.#fault !== undefined || fileIdentity(this.#path) !== this.#identity) return false
    return this.#connections.reader.dataVersion() === this.#version
  }

  poll(after: Position, limit: number, seen: Position): MaybePromise<Poll> {
    if (this.#healing !== undefined) return this.#healing
    const standing = fileIdentity(this.#path)
    if (standing === undefined) throw this.#missing()
    if (standing !== this.#identity) return this.#heal()
    if (this.#away) {
      this.#away = false
      this.#fault = undefined
    }
    if (this.#fault !== undefined) throw this.#fault
    try {
      const { reader, writer } = this.#connections
      // Read before the head: a commit in between makes the next poll look again.
      const version = reader.dataVersion()
      if (
        version === this.#version &&
        after.seq === this.#delivered.seq &&
        after.epoch === this.#delivered.epoch
      ) {
        return { status: 'ok', changes: [], position: this.#delivered, more: false }
      }
      const tail = reader.tail(after, seen, Math.max(1, limit), this.#context.buckets === true)
      if (tail === undefined) return { status: 'diverged' }
      if (!tail.more) {
        this.#version = version
        this.#delivered = tail.position
        writer.seen = tail.position.seq
      }
      return { status: 'ok', ...tail }
    } catch (error) {
      throw toRevocadeError(error, 'read', this.#path)
    }
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    if (this.#fault !== undefined) throw this.#fault
    return this.#connections.writer.write(mutations)
  }

  async purge(): Promise<number> {
    if (this.#fault !== undefined) return 0
    const { clock, purgeGraceSeconds } = this.#context
    return this.#connections.writer.chore({
      type: 'purge',
      expiredBefore: Math.floor(clock.now() / 1000) - purgeGraceSeconds,
    })
  }

  stats(): StoreStats {
    const { reader, writer, found, integrity } = this.#connections
    return {
      kind: 'sqlite',
      id: found.id,
      seq: this.#fault === undefined ? reader.head().seq : this.#delivered.seq,
      path: this.#path,
      bytes: fileSize(this.#path),
      walBytes: fileSize(`${this.#path}-wal`),
      journalMode: found.journalMode,
      synchronous: found.synchronous === 2 ? 'full' : String(found.synchronous),
      sqliteVersion: found.sqliteVersion,
      schemaVersion: SCHEMA_VERSION,
      exclusive: this.#context.exclusive,
      integrity: integrity.state,
      pendingWrites: writer.waiting,
      commits: this.#commits + writer.commits,
      fault: this.#fault?.code ?? null,
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#purgeTimer)
    await this.#healing?.catch(() => undefined)
    const { reader, writer, integrity, buckets } = this.#connections
    await Promise.all([integrity.stop(), buckets.stop()])
    const refusal = new RevocadeError('ERR_CLOSED', 'The store was closed.')
    reader.close() // first: the last connection to go folds the log into the file, and only a writing one can
    await writer.close(refusal)
    this.#lock.release()
  }

  #read<T>(read: (reader: Reader) => T): T {
    if (this.#fault !== undefined) throw this.#fault
    try {
      return read(this.#connections.reader)
    } catch (error) {
      throw toRevocadeError(error, 'read', this.#path)
    }
  }

  /** No file stands at the path. Its connections stay open: it may come back, and until then nobody gets its inode. */
  #missing(): RevocadeError {
    if (this.#fault === undefined) {
      this.#away = true
      this.#fault = replaced(this.#path)
    }
    return this.#fault
  }

  /** Another file stands at the path: nothing is answered from the old one any more, and the new one is tried. */
  #heal(): Promise<Poll> {
    this.#healing ??= this.#reopen().finally(() => {
      this.#healing = undefined
    })
    return this.#healing
  }

  async #reopen(): Promise<Poll> {
    const { reader, writer, log, integrity, buckets } = this.#connections
    const gone = replaced(this.#path)
    this.#fault = gone
    this.#away = false
    try {
      if (this.#identity !== CLOSED) {
        moveAwayLog(this.#path, log, this.#context.exclusive)
        this.#identity = CLOSED
        this.#commits += writer.commits
        reader.close()
        await Promise.all([writer.close(gone), integrity.stop(), buckets.stop()])
      }
      this.#connections = await openConnections(this.#path, this.#context, this.#options, false)
      this.#identity = this.#connections.found.identity
      this.#version = -1
      if (Buffer.compare(this.#connections.found.key, this.key) !== 0) {
        throw new RevocadeError(
          'ERR_STORE_MISMATCH',
          `The store ${this.#path} was replaced by one with another digest key. Restart the process.`,
        )
      }
    } catch (error) {
      this.#fault = toRevocadeError(error, 'open', this.#path)
      throw this.#fault
    }
    this.#fault = undefined
    this.#watchIntegrity()
    const details = { path: this.#path, id: this.id }
    this.#context.logger.warn(details, 'the store was replaced while in use: starting over from the new file')
    return { status: 'diverged' }
  }

  #watchIntegrity(): void {
    const connections = this.#connections
    connections.integrity.schedule(this.#options.integrityCheckDelayMs ?? 5000, (error) => {
      if (this.#connections === connections) this.#fault ??= error
    })
  }
}

const replaced = (path: string): RevocadeError =>
  new RevocadeError(
    'ERR_STORE_UNAVAILABLE',
    `The store ${path} was replaced or deleted while in use. Restore it from a backup.`,
  )
