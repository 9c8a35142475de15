import type { CollectorModule } from '../../ports/index.js'
import type { PackedError } from './errors.js'
import type { OpenFiles } from './file/file-identity.js'
import type { OpenedWriter, WriterOptions } from './file/open-writer.js'
import type { NamespaceIdentity } from './file/store-identity.js'
import type { PackedRead } from './read/bucket-reader.js'
import type { PackedChunk, PackedEnd } from './read/scan-chunks.js'
import type { BatchResult, PackedBatch } from './write/commit.js'
import type { PurgeTask } from './write/purge.js'

/** What the write thread is started with. */
export type WriterData = WriterOptions & { /** See `openGate`. */ readonly gate: SharedArrayBuffer }

/** Work of the write thread that is no commit of a caller. At most one task of a type runs at a time. */
export type MaintenanceTask =
  PurgeTask | { readonly type: 'split-buckets'; /** Makes 2^bits buckets. */ readonly bits: number }

/** To the write thread. */
export type ToWriter =
  | ({ readonly type: 'batch' } & PackedBatch)
  | MaintenanceTask
  | { readonly type: 'close'; /** First folds the log into the file. */ readonly fold: boolean }

/** From the write thread. */
export type FromWriter =
  | ({ readonly type: 'ready' } & WriterReady)
  | { readonly type: 'failed'; readonly error: PackedError }
  | ({ readonly type: 'committed'; readonly memory: ArrayBuffer } & BatchResult)
  | { readonly type: 'rejected'; readonly memory: ArrayBuffer; readonly error: PackedError }
  | ({ readonly type: 'maintained' } & MaintenanceResult)

/** The end of a maintenance task. */
export interface MaintenanceResult {
  readonly task: MaintenanceTask['type']
  /** Rows. */
  readonly changed: number
  readonly error: PackedError | undefined
}

/** What the write connection found when it opened the file. */
export type WriterReady = Omit<OpenedWriter, 'db'>

/**
 * What a read thread is started with. Each job has a thread and a connection of its own. It reads the files
 * `at` the path, and no other ones that may stand there.
 */
export type JobData =
  | {
      readonly job: 'scan'
      readonly at: OpenFiles
      readonly namespace: NamespaceIdentity
      readonly liveAfter: number
      /** Takes the rows in the thread; undefined: they are sent. */
      readonly collector?: CollectorModule
    }
  | { readonly job: 'integrity'; readonly at: OpenFiles }
  | { readonly job: 'buckets'; readonly at: OpenFiles; readonly namespace: NamespaceIdentity }

/** From a scan. The thread sends a few chunks ahead, then one for each `'more'` that it receives. */
export type FromScan =
  | ({ readonly type: 'chunk' } & PackedChunk)
  | ({ readonly type: 'end'; /** Of the collector. */ readonly value?: unknown } & PackedEnd)
  | { readonly type: 'failed'; readonly error: PackedError }

/** From an integrity check: the problems SQLite found; none in a sound file. */
export type FromIntegrity =
  | { readonly type: 'checked'; readonly problems: readonly string[] }
  | { readonly type: 'failed'; readonly error: PackedError }

/** Asks a read thread to end. */
export const END = 'end'

/** To a scan: it may send one more chunk, or shall end. */
export type ToScan = 'more' | typeof END

/** To the thread that reads buckets: a request, or to end. */
export type ToBuckets = { readonly id: number; readonly bucket: number; readonly bits: number } | typeof END

/** From the thread that reads buckets: one reply for each request, under its id. */
export type FromBuckets =
  | { readonly type: 'read'; readonly id: number; readonly read: PackedRead }
  | { readonly type: 'failed'; readonly id: number; readonly error: PackedError }
