import { parentPort, workerData } from 'node:worker_threads'
import { packError, toRevocadeError } from '../errors.js'
import { openDatabase } from '../file/driver.js'
import { fileIdentity, fileSize } from '../file/identity.js'
import { integrityProblems } from '../file/integrity.js'
import type { FromBuckets, FromIntegrity, FromScan, JobData, ToBuckets } from '../thread-messages.js'
import { BucketReader } from './bucket-reader.js'
import { scanChunks } from './scan-chunks.js'

// A job thread: long reads, on a connection of its own, so that neither the event loop nor a commit waits for them.

/** Chunks that may be on their way to the consumer. */
const AHEAD = 4
/** Above this the background check does not compare the index with the table: about 2 s of reading. */
const FULL_CHECK_BYTES = 128 * 1024 * 1024

const data = workerData as JobData

async function scan(job: JobData & { job: 'scan' }): Promise<void> {
  const send = (message: FromScan, transfer: ArrayBuffer[] = []): void =>
    parentPort?.postMessage(message, transfer)
  const db = openDatabase(job.path, { readonly: true, fileMustExist: true })
  let credit = AHEAD
  let wake: (() => void) | undefined
  parentPort?.on('message', () => {
    credit++
    wake?.()
  })
  try {
    const chunks = scanChunks(db, job.namespaceId, job.liveAfter)
    for (;;) {
      const next = chunks.next()
      if (next.done === true) {
        send({ type: 'end', ...next.value })
        return
      }
      while (credit === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      credit--
      const { digests, expiresAt } = next.value
      send({ type: 'chunk', ...next.value }, [digests.buffer, expiresAt.buffer])
      await new Promise(setImmediate) // let the acknowledgements in
    }
  } catch (error) {
    send({ type: 'failed', error: packError(toRevocadeError(error, 'read', job.path)) })
  } finally {
    db.close()
    parentPort?.close()
  }
}

function checkIntegrity({ path }: JobData & { job: 'integrity' }): void {
  const send = (message: FromIntegrity): void => parentPort?.postMessage(message)
  try {
    // The full check can't be interrupted, and ending the process waits for it: large files get the fast one.
    const pragma = fileSize(path) > FULL_CHECK_BYTES ? 'quick_check' : 'integrity_check'
    send({ type: 'checked', problems: integrityProblems(path, pragma) })
  } catch (error) {
    send({ type: 'failed', error: packError(toRevocadeError(error, 'read', path)) })
  }
}

function readBuckets({ path, identity, namespaceId }: JobData & { job: 'buckets' }): void {
  const assertMeant = (): void => {
    if (fileIdentity(path) !== identity) throw new Error(`another file stands at ${path}`)
  }
  // Another file is not even to be opened: the log beside it is that of the one that is in use.
  assertMeant()
  const reader = new BucketReader(openDatabase(path, { readonly: true, fileMustExist: true }), namespaceId)
  reader.whole(0, 0) // opens the log, too
  // SQLite keeps both open from here on, so that what stands at the path now is what is read.
  assertMeant()
  parentPort?.on('message', ({ id, bucket, bits }: ToBuckets) => {
    let reply: FromBuckets
    try {
      reply = { type: 'read', id, read: reader.whole(bucket, bits) }
    } catch (error) {
      reply = { type: 'failed', id, error: packError(toRevocadeError(error, 'read', path)) }
    }
    parentPort?.postMessage(reply)
  })
}

if (data.job === 'scan') await scan(data)
else if (data.job === 'buckets') readBuckets(data)
else checkIntegrity(data)
