import { RevocadeError } from '../../errors.js'
import type {
  AllBucketVersions,
  BucketRead,
  BucketVersion,
  Committed,
  DecidingRow,
  Digest,
  MaybePromise,
  Mutation,
  Poll,
  Position,
  StoredRow,
  StoreQuery,
  StoreStats,
} from '../../ports/index.js'
import { toRevocadeError } from './errors.js'
import { fileSize, type OpenFiles } from './file/file-identity.js'
import { SCHEMA_VERSION } from './file/schema.js'
import type { NamespaceIdentity } from './file/store-identity.js'
import { toBucketRead } from './read/bucket-reader.js'
import type { Reader } from './read/reader.js'
import type { SessionReader } from './read/session-reader.js'
import { StoreFile, type StoreFileSettings } from './store-file.js'
import type { SessionWork } from './write/batch.js'

const PURGE_INTERVAL_MS = 30_000

/** The last poll that delivered everything: where it was made, and what it found. */
interface CaughtUp {
  readonly reader: Reader
  /** SQLite's `data_version` of that reader. */
  readonly version: number
  readonly position: Position
}

/**
 * The operations of a store between `open()` and `close()`. {@link StoreFile} says which connections they
 * use, and whether they may.
 */
export class OpenStore {
  readonly id: string
  readonly key: Uint8Array
  readonly #settings: StoreFileSettings
  readonly #file: StoreFile
  readonly #purgeTimer: NodeJS.Timeout
  #caughtUp: CaughtUp | undefined
  /** The store's tolerance, as of the last poll that found something new. */
  #toleranceSeconds: number

  static async open(settings: StoreFileSettings): Promise<OpenStore> {
    return new OpenStore(settings, await StoreFile.open(settings))
  }

  private constructor(settings: StoreFileSettings, file: StoreFile) {
    const { id, key, toleranceSeconds } = file.latest.found
    this.id = id
    this.key = key
    this.#toleranceSeconds = toleranceSeconds
    this.#settings = settings
    this.#file = file
    this.#purgeTimer = setInterval(() => {
      this.purge().catch((error: unknown) =>
        settings.context.logger.warn({ err: error }, 'expired revocations could not be purged'),
      )
    }, PURGE_INTERVAL_MS).unref()
  }

  /** The file that is open, links resolved. */
  get path(): string {
    return this.#file.path
  }

  /** The connections' files, and the namespace in them. Throws if the store can't be used. */
  target(): { readonly at: OpenFiles; readonly namespace: NamespaceIdentity } {
    const { at, found } = this.#file.usable()
    return { at, namespace: found }
  }

  /** See `RevocationStore.clockToleranceSeconds`. */
  get clockToleranceSeconds(): number {
    return Math.max(this.#toleranceSeconds, this.#settings.context.clockToleranceSeconds ?? 0)
  }

  get(digest: Digest): StoredRow | undefined {
    return this.#read((reader) => reader.get(digest))
  }

  getDeciding(digest: Digest): DecidingRow | undefined {
    return this.#read((reader) => reader.getDeciding(digest))
  }

  list(query: StoreQuery): StoredRow[] {
    return this.#read((reader) => reader.list(query))
  }

  bucketVersions(): AllBucketVersions {
    return this.#read((reader) => reader.bucketVersions())
  }

  /**
   * What changed in a bucket since a version, or all of it if that version is not in its recent history. In
   * the background, a thread reads whole buckets if there are enough of them and it can.
   */
  readBucket(
    bucket: number,
    bits: number,
    since: Pick<BucketVersion, 'seq' | 'tag'> | undefined,
    background = false,
  ): MaybePromise<BucketRead> {
    const changes = since && this.#read((reader) => reader.buckets.changes(bucket, bits, since))
    if (changes !== undefined) return changes
    const { buckets } = this.#file.usable()
    const atOnce = (): BucketRead => this.#read((reader) => toBucketRead(reader.buckets.whole(bucket, bits)))
    return background && buckets.isWorthIt(bits) ? buckets.read(bucket, bits).catch(atOnce) : atOnce()
  }

  async splitBuckets(bits: number): Promise<void> {
    await this.#file.writeQueue.maintain({ type: 'split-buckets', bits })
  }

  isCurrent(): boolean {
    if (this.#caughtUp === undefined || !this.#file.isInPlace()) return false
    const { reader, version } = this.#caughtUp
    return reader === this.#file.usable().reader && reader.dataVersion() === version
  }

  poll(after: Position, limit: number, seen: Position): MaybePromise<Poll> {
    const reopened = this.#file.follow()
    if (reopened !== undefined) return reopened.then(() => ({ status: 'diverged' }))
    const { reader } = this.#file.usable()
    try {
      // Read before the head: a commit in between makes the next poll look again.
      const version = reader.dataVersion()
      const last = this.#caughtUp
      if (last?.reader === reader && last.version === version && isSame(after, last.position)) {
        return { status: 'ok', changes: [], position: last.position, more: false }
      }
      this.#toleranceSeconds = reader.toleranceSeconds()
      const withBuckets = this.#settings.context.buckets === true
      const tail = reader.tail(after, seen, Math.max(1, limit), withBuckets)
      if (tail === undefined) return { status: 'diverged' }
      if (!tail.more) {
        this.#caughtUp = { reader, version, position: tail.position }
      }
      return { status: 'ok', ...tail }
    } catch (error) {
      throw this.#judged(toRevocadeError(error, 'read', this.#settings.path))
    }
  }

  /** Resolves once all mutations are durable; see `WriteQueue`. */
  async write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#file.writeQueue.write(mutations).catch((error: unknown) => {
      throw this.#judged(error)
    })
  }

  /** Reads refresh tokens. */
  readSessions<T>(read: (sessions: SessionReader) => T): T {
    return this.#read(({ sessions }) => read(sessions))
  }

  /** Resolves once a commit of refresh tokens is durable; see `WriteQueue`. */
  async commitSessions(work: SessionWork): Promise<Committed | undefined> {
    try {
      return await this.#file.writeQueue.commit(work)
    } catch (error) {
      throw this.#judged(error)
    }
  }

  /** Deletes rows whose expiry and grace are over, and returns how many; 0 if the store can't be used. */
  async purge(): Promise<number> {
    if (this.#file.fault !== undefined) return 0
    const { clock, purgeGraceSeconds, clockToleranceSeconds = 0 } = this.#settings.context
    const expiredBefore = Math.floor(clock.now() / 1000) - purgeGraceSeconds
    const task = { type: 'purge', expiredBefore, toleranceSeconds: clockToleranceSeconds } as const
    return this.#file.writeQueue.maintain(task).catch((error: unknown) => {
      throw this.#judged(error)
    })
  }

  stats(): StoreStats {
    const { context } = this.#settings
    const { fault, commits, path } = this.#file
    const { writeQueue, found, integrity } = this.#file.latest
    return {
      kind: 'sqlite',
      id: found.id,
      seq: this.#lastSeq(),
      path,
      bytes: fileSize(path),
      walBytes: fileSize(`${path}-wal`),
      journalMode: found.journalMode,
      synchronous: found.synchronous === 2 ? 'full' : String(found.synchronous),
      sqliteVersion: found.sqliteVersion,
      schemaVersion: SCHEMA_VERSION,
      clockToleranceSeconds: this.clockToleranceSeconds,
      exclusive: context.exclusive,
      integrity: integrity.state,
      pendingWrites: writeQueue.waiting,
      commits,
      fault: fault?.code ?? null,
    }
  }

  /** The number of the last change; the last one that was seen, while the file can't be read. */
  #lastSeq(): number {
    try {
      if (this.#file.fault === undefined) return this.#file.latest.reader.head().seq
    } catch {
      // What reads and writes the store reports it.
    }
    return this.#caughtUp?.position.seq ?? 0
  }

  async close(): Promise<void> {
    clearInterval(this.#purgeTimer)
    await this.#file.close()
  }

  #read<T>(read: (reader: Reader) => T): T {
    const { reader } = this.#file.usable()
    try {
      return read(reader)
    } catch (error) {
      throw this.#judged(toRevocadeError(error, 'read', this.#settings.path))
    }
  }

  /** An error that tells of damage has the whole file checked: maybe only a part of it can't be read. */
  #judged(error: unknown): unknown {
    if (error instanceof RevocadeError && error.code === 'ERR_STORE_CORRUPT')
      this.#file.latest.integrity.suspect()
    return error
  }
}

const isSame = (one: Position, other: Position): boolean => one.seq === other.seq && one.epoch === other.epoch
