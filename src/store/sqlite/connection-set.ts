import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { toRevocadeError } from './errors.js'
import { IntegrityWatch } from './file/integrity-watch.js'
import type { ConnectOptions } from './file/open-writer.js'
import { type LogIdentity, logIdentity } from './file/orphaned-wal.js'
import type { SqliteStoreOptions } from './options.js'
import { BucketThread } from './read/bucket-thread.js'
import { Reader } from './read/reader.js'
import type { WriterReady } from './thread-messages.js'
import { Writer } from './write/write-queue.js'

/** The connections to one file, as long as that file stands at the path. */
export interface Connections {
  readonly reader: Reader
  readonly writer: Writer
  readonly found: WriterReady
  readonly log: LogIdentity
  readonly integrity: IntegrityWatch
  readonly buckets: BucketThread
}

/** @param create False: the file must be there already. */
export async function openConnections(
  path: string,
  context: StoreContext,
  options: SqliteStoreOptions,
  create: boolean,
): Promise<Connections> {
  const connect: ConnectOptions = {
    path,
    create,
    namespace: context.namespace,
    secret: context.secret,
    busyTimeoutMs: options.busyTimeoutMs ?? 5000,
    maxPageCount: options.maxPageCount,
    toleranceSeconds: context.clockToleranceSeconds ?? 0,
  }
  const writer = new Writer(connect)
  const found = await writer.start()
  try {
    const reader = new Reader(path, found.namespaceId)
    return {
      reader,
      writer,
      found,
      log: logIdentity(path),
      integrity: new IntegrityWatch(path, context.logger),
      buckets: new BucketThread(path, found.identity, found.namespaceId),
    }
  } catch (error) {
    await writer.close(new RevocadeError('ERR_CLOSED', 'The store could not be opened.'))
    throw toRevocadeError(error, 'open', path)
  }
}
