import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { toRevocadeError } from './errors.js'
import { IntegrityWatch } from './file/integrity-watch.js'
import type { WriterOptions } from './file/open-writer.js'
import { type LogIdentity, logIdentity } from './file/orphaned-wal.js'
import type { SqliteStoreOptions } from './options.js'
import { BucketThread } from './read/bucket-thread.js'
import { Reader } from './read/reader.js'
import type { WriterReady } from './thread-messages.js'
import { WriteQueue } from './write/write-queue.js'

const BUSY_TIMEOUT_MS = 5000

/** The connections to one file, and what the first of them found in it. */
export interface Connections {
  readonly reader: Reader
  readonly writeQueue: WriteQueue
  readonly found: WriterReady
  readonly log: LogIdentity
  readonly integrity: IntegrityWatch
  readonly buckets: BucketThread
}

/**
 * Opens all connections to the file at a path.
 *
 * @param create False: the file must exist.
 */
export async function openConnections(
  path: string,
  context: StoreContext,
  options: SqliteStoreOptions,
  create: boolean,
): Promise<Connections> {
  const writerOptions: WriterOptions = {
    path,
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
    const reader = new Reader(path, found.namespaceId)
    return {
      reader,
      writeQueue,
      found,
      log: logIdentity(path),
      integrity: new IntegrityWatch(path, context.logger),
      buckets: new BucketThread(path, found.identity, found.namespaceId),
    }
  } catch (error) {
    await writeQueue.close(new RevocadeError('ERR_CLOSED', 'the store could not be opened'))
    throw toRevocadeError(error, 'open', path)
  }
}

/**
 * Waits for accepted writes, then closes the connections and ends their threads.
 *
 * @param refusal What later writes are rejected with.
 */
export async function closeConnections(connections: Connections, refusal: RevocadeError): Promise<void> {
  const { reader, writeQueue, integrity, buckets } = connections
  await Promise.all([integrity.stop(), buckets.stop()])
  // The reader first: the last connection folds the log into the file, and only the writer can do that.
  reader.close()
  await writeQueue.close(refusal)
}
