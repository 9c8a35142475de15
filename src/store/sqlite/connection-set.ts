import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { toRevocadeError } from './errors.js'
import { areSameFiles, fileIdentities, type OpenFiles } from './file/file-identity.js'
import { IntegrityWatch } from './file/integrity-watch.js'
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
  const writeQueue = new WriteQueue(writerOptions)
  const found = await writeQueue.start()
  try {
    const at: OpenFiles = { place, files: found.files }
    const reader = new Reader(at, found)
    return {
      reader,
      place: new PlaceWatch(at, reader),
      writeQueue,
      found,
      at,
      integrity: new IntegrityWatch(at, context.logger),
      buckets: new BucketThread(at, found),
    }
  } catch (error) {
    await writeQueue.close(new RevocadeError('ERR_CLOSED', 'the store could not be opened'), false)
    throw toRevocadeError(error, 'open', place.real)
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
  const { reader, writeQueue, integrity, buckets, at } = connections
  await Promise.allSettled([integrity.stop(), buckets.stop()])
  const changed = !areSameFiles(fileIdentities(at.place), at.files)
  const fold = changed && mayFoldLog(at)
  if (fold || !changed) reader.close()
  await writeQueue.close(refusal, fold).catch(() => undefined)
  reader.close()
}
