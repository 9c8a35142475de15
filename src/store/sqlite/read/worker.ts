import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { packError, toRevocadeError } from '../errors.js'
import { openDatabase } from '../file/driver.js'
import { fileIdentity, fileSize } from '../file/file-identity.js'
import { integrityProblems } from '../file/integrity.js'
import type { FromBuckets, FromIntegrity, FromScan, JobData, ToBuckets } from '../thread-messages.js'
import { BucketReader } from './bucket-reader.js'
import { scanChunks } from './scan-chunks.js'

// A read thread: long reads on a connection of its own, so that neither the event loop nor a commit waits for
// them.

/** Chunks that are sent before the consumer asks for more. */
const CHUNKS_AHEAD = 4
/**
 * Larger files get the quick check, which does not compare the index with the table. This much takes about 2
 * s.
 */
const FULL_CHECK_MAX_BYTES = 128 * 1024 * 1024

if (parentPort === null) throw new Error('this file runs in a worker thread')
const port = parentPort
const data = workerData as JobData

async function scan(job: JobData & { job: 'scan' }): Promise<void> {
  const send = (message: FromScan, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)
  const db = openDatabase(job.path, { readonly: true, fileMustExist: true })
  let credit = CHUNKS_AHEAD
  port.on('message', () => credit++)
  try {
    const chunks = scanChunks(db, job.namespaceId, job.liveAfter)
    for (;;) {
      const next = chunks.next()
      if (next.done === true) {
        send({ type: 'end', ...next.value })
        return
      }
      while (credit === 0) await once(port, 'message')
      credit--
      const { digests, expiresAt } = next.value
      send({ type: 'chunk', ...next.value }, [digests.buffer, expiresAt.buffer])
      await setImmediate() // receive what the consumer asked for
    }
  } catch (error) {
    send({ type: 'failed', error: packError(toRevocadeError(error, 'read', job.path)) })
  } finally {
    db.close()
    port.close()
  }
}

function checkIntegrity({ path }: JobData & { job: 'integrity' }): void {
  const send = (message: FromIntegrity): void => port.postMessage(message)
  try {
    // The check can't be interrupted, and the end of the process waits for it: large files get the quick one.
    const pragma = fileSize(path) > FULL_CHECK_MAX_BYTES ? 'quick_check' : 'integrity_check'
    send({ type: 'checked', problems: integrityProblems(path, pragma) })
  } catch (error) {
    send({ type: 'failed', error: packError(toRevocadeError(error, 'read', path)) })
  }
}

function readBuckets({ path, identity, namespaceId }: JobData & { job: 'buckets' }): void {
  const assertInPlace = (): void => {
    if (fileIdentity(path) !== identity) throw new Error(`another file stands at ${path}`)
  }
  // Another file must not even be opened: the log beside it belongs to the file that is in use.
  assertInPlace()
  const reader = new BucketReader(openDatabase(path, { readonly: true, fileMustExist: true }), namespaceId)
  reader.whole(0, 0) // opens the log
  // SQLite keeps file and log open from here on, so if the path still leads to the file, that file is read.
  assertInPlace()
  port.on('message', ({ id, bucket, bits }: ToBuckets) => {
    let reply: FromBuckets
    try {
      reply = { type: 'read', id, read: reader.whole(bucket, bits) }
    } catch (error) {
      reply = { type: 'failed', id, error: packError(toRevocadeError(error, 'read', path)) }
    }
    port.postMessage(reply)
  })
}

if (data.job === 'scan') await scan(data)
else if (data.job === 'buckets') readBuckets(data)
else checkIntegrity(data)
