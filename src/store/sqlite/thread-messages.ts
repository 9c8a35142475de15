import type { PackedError } from './errors.js'
import type { Connected, ConnectOptions } from './file/open-writer.js'
import type { PackedRead } from './read/bucket-reader.js'
import type { PackedChunk, PackedEnd } from './read/scan-chunks.js'
import type { BatchResult } from './write/commit.js'

/** What the write thread is started with. */
export type WriterData = ConnectOptions

/** Work for the write thread that is no commit of anyone's: one of a type at a time. */
export type Chore =
  | { readonly type: 'purge'; /** NumericDate seconds. */ readonly expiredBefore: number }
  | { readonly type: 'divide'; /** The buckets are to be 2^bits. */ readonly bits: number }

/** To the write thread. */
export type ToWriter =
  | { readonly type: 'batch'; readonly memory: ArrayBuffer; readonly count: number; readonly seen: number }
  | Chore
  | { readonly type: 'close' }

/** From the write thread. */
export type FromWriter =
  | ({ readonly type: 'ready' } & WriterReady)
  | { readonly type: 'failed'; readonly error: PackedError }
  | ({ readonly type: 'committed'; readonly memory: ArrayBuffer } & BatchResult)
  | { readonly type: 'rejected'; readonly memory: ArrayBuffer; readonly error: PackedError }
  | {
      readonly type: 'done'
      readonly chore: Chore['type']
      /** Rows. */ readonly changed: number
      readonly error: PackedError | undefined
    }

/** What the write connection found on opening. */
export type WriterReady = Omit<Connected, 'db'>

/** What a job thread is started with; each job has a thread and a read connection of its own. */
export type JobData =
  | { readonly job: 'scan'; readonly path: string; readonly namespaceId: number; readonly liveAfter: number }
  | { readonly job: 'integrity'; readonly path: string }
  | {
      readonly job: 'buckets'
      readonly path: string
      /** Of the file that is meant. */ readonly identity: string
      readonly namespaceId: number
    }

/** From a scan. The thread sends a few chunks ahead, then one for each `'more'` it gets. */
export type FromScan =
  | ({ readonly type: 'chunk' } & PackedChunk)
  | ({ readonly type: 'end' } & PackedEnd)
  | { readonly type: 'failed'; readonly error: PackedError }

/** From an integrity check: SQLite's findings, none where all is well. */
export type FromIntegrity =
  | { readonly type: 'checked'; readonly problems: readonly string[] }
  | { readonly type: 'failed'; readonly error: PackedError }

/** To a thread that reads buckets. */
export interface ToBuckets {
  readonly id: number
  readonly bucket: number
  readonly bits: number
}

/** From it: for each request, under its id. */
export type FromBuckets =
  | { readonly type: 'read'; readonly id: number; readonly read: PackedRead }
  | { readonly type: 'failed'; readonly id: number; readonly error: PackedError }
