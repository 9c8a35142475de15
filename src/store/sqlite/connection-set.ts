import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { DatabaseWatch } from './database-watch.js'
import { toRevocadeError } from './errors.js'
import { areSameFiles, fileIdentities, type OpenFiles, takenAway } from './file/file-identity.js'
import { HeldFile } from './file/held-file.js'
import { IntegrityWatch } from './file/integrity-watch.js'
import { logHoldsAllPages } from './file/log-header.js'
import type { WriterOptions } from './file/open-writer.js'
import { mayFoldLog } from './file/orphaned-wal.js'
import type { StorePath } from './file/store-path.js'
import type { SqliteStoreOptions } from './options.js'
import { PlaceWatch } from './place-watch.js'
import { BucketThread } from './read/bucket-thread.js'
import { Reader } from './read/reader.js'
import type { WriterReady } from './thread-messages.js'
import { WriteQueue } from './write/write-queue.js'

const BUSY_TIMEOUT_MS = 5000

/** The connections to one store, and what the first of them found in it. */
export interface Connections {
  readonly reader: Reader
  readonly writeQueue: WriteQueue
  readonly found: WriterReady
  /** The files that all of them are open on. */
  readonly at: OpenFiles
  /** The database once more, held to read it past SQLite. */
  readonly file: HeldFile
  readonly place: PlaceWatch
  readonly integrity: IntegrityWatch
  readonly buckets: BucketThread
}

/**
 * Opens all connections to the store at a path.
 *
 * @param create False: the file must exist.
 */
export async function openConnections(
  place: StorePath,
  context: StoreContext,
  options: SqliteStoreOptions,
  create: boolean,
): Promise<Connections> {
  const writerOptions: WriterOptions = {
    place,
    create,
    namespace: context.namespace,
    secret: context.secret,
    busyTimeoutMs: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
    maxPageCount: options.maxPageCount,
    toleranceSeconds: context.clockToleranceSeconds ?? 0,
  }
  let watch: PlaceWatch | undefined
  const writeQueue = new WriteQueue(writerOptions, () => doubtOf(watch, place.real))
  const found = await writeQueue.start()
  const at: OpenFiles = { place, files: found.files }
  let file: HeldFile | undefined
  let reader: Reader | undefined
  try {
    file = new HeldFile(place.real)
    if (file.identity !== found.files.db) throw takenAway(place.given)
    reader = new Reader(at, found)
    watch = new PlaceWatch(at, reader, new DatabaseWatch(file, reader))
    // Just opened, so nobody has overwritten it since: the file and its log don't belong together. But if the
    // log holds all pages, SQLite has copied another database into the file, and reads nothing from it.
    if (watch.isOverwritten()) {
      if (!logHoldsAllPages(place.real)) throw mixed(place.real)
      watch.acceptReplacement()
    }
    const integrity = new IntegrityWatch(at, context.logger, options.integrityRetryMs)
    const buckets = new BucketThread(at, found)
    return { reader, place: watch, writeQueue, found, at, file, integrity, buckets }
  } catch (error) {
    reader?.close()
    file?.release()
    await writeQueue.close(false)
    throw toRevocadeError(error, 'open', place.real)
  }
}

const mixed = (path: string): RevocadeError =>
  new RevocadeError(
    'ERR_STORE_CORRUPT',
    `the store ${path} is damaged: it holds parts of two databases. Restore it from a backup`,
  )

/** Why a commit can't be acknowledged; undefined if it can. The write thread itself compares the files. */
function doubtOf(watch: PlaceWatch | undefined, path: string): RevocadeError | undefined {
  try {
    if (watch?.isOverwritten() !== true) return undefined
    return new RevocadeError(
      'ERR_NOT_DURABLE',
      `nothing was acknowledged: the store ${path} was overwritten while in use`,
    )
  } catch (error) {
    return toRevocadeError(error, 'write', path)
  }
}

/**
 * Waits for accepted writes, then closes the connections and ends their threads. Never rejects.
 *
 * The last connection to a file folds the log into it, if it may write. That is the writer, if the reader is
 * closed first. Where other files have come to stand beside it, nothing may be folded: the writer goes first.
 * Where the log was deleted, others may still have it open: it is folded by the writer at once.
 *
 * @param refusal What later writes are rejected with.
 */
export async function closeConnections(connections: Connections, refusal: RevocadeError): Promise<void> {
  const { reader, writeQueue, integrity, buckets, at, file } = connections
  await Promise.allSettled([integrity.stop(), buckets.stop(), writeQueue.drain(refusal)])
  const sound = isSound(connections)
  const changed = !sound || !areSameFiles(fileIdentities(at.place), at.files)
  const fold = sound && changed && mayFoldLog(at)
  if (fold || !changed) reader.close()
  await writeQueue.close(fold)
  reader.close()
  file.release()
}

/** Whether the log may be folded into the file at all. */
function isSound({ place }: Connections): boolean {
  try {
    return !place.isOverwritten()
  } catch {
    return false
  }
}
