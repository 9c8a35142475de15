import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports.js'
import { BucketThread } from './bucket-thread.js'
import type { ConnectOptions } from './connect.js'
import type { SqliteStoreOptions } from './index.js'
import { IntegrityWatch } from './integrity-watch.js'
import type { WriterReady } from './protocol.js'
import { Reader } from './reader.js'
import { logIdentity, type LogIdentity } from './replaced-file.js'
import { toRevocadeError } from './sqlite-errors.js'
import { Writer } from './writer.js'

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
  path: string, context: StoreContext, options: SqliteStoreOptions, create: boolean,
): Promise<Connections> {
  const connect: ConnectOptions = {
    path, create, namespace: context.namespace, secret: context.secret,
    busyTimeoutMs: options.busyTimeoutMs ?? 5000, maxPageCount: options.maxPageCount,
    toleranceSeconds: context.clockToleranceSeconds ?? 0,
  }
  const writer = new Writer(connect)
  const found = await writer.start()
  try {
    const reader = new Reader(path, found.namespaceId)
    return {
      reader, writer, found, log: logIdentity(path), integrity: new IntegrityWatch(path, context.logger),
      buckets: new BucketThread(path, found.identity, found.namespaceId),
    }
  } catch (error) {
    await writer.close(new RevocadeError('ERR_CLOSED', 'The store could not be opened.'))
    throw toRevocadeError(error, 'open', path)
  }
}
