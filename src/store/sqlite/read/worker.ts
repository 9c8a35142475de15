import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { CreateCollector, ScanCollector } from '../../../ports/index.js'
import { packError, toRevocadeError } from '../errors.js'
import type { Connection } from '../file/driver.js'
import { fileSize, takenAway } from '../file/file-identity.js'
import { integrityProblems } from '../file/integrity.js'
import { openReader } from '../file/open-reader.js'
import { prepareIdentityCheck } from '../file/store-identity.js'
import {
  END,
  type FromBuckets,
  type FromIntegrity,
  type FromScan,
  type JobData,
  type ToBuckets,
  type ToScan,
} from '../thread-messages.js'
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
  const { place } = job.at
  let db: Connection | undefined
  const asked: Asked = { chunks: CHUNKS_AHEAD, toEnd: false }
  port.on('message', (message: ToScan) => {
    if (message === END) asked.toEnd = true
    else asked.chunks++
  })
  try {
    const collector = await collectorOf(job)
    db = openReader(job.at)
    const chunks = scanChunks(db, job.namespace, job.liveAfter)
    await (collector === undefined ? sendAll(chunks, asked) : collectAll(chunks, collector, asked))
  } catch (error) {
    send({ type: 'failed', error: packError(toRevocadeError(error, 'read', place.real)) })
  } finally {
    db?.close()
    port.unref() // ends the thread; Deno's port has no `close`
  }
}

/** What the consumer of a scan asked for. */
interface Asked {
  chunks: number
  toEnd: boolean
}

type Chunks = ReturnType<typeof scanChunks>

function send(message: FromScan, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...transfer])
}

async function sendAll(chunks: Chunks, asked: Asked): Promise<void> {
  for (let next = chunks.next(); ; next = chunks.next()) {
    if (next.done === true) {
      send({ type: 'end', ...next.value })
      return
    }
    while (asked.chunks === 0 && !asked.toEnd) await once(port, 'message')
    if (asked.toEnd) return
    asked.chunks--
    const { digests, expiresAt } = next.value
    send({ type: 'chunk', ...next.value }, [digests.buffer, expiresAt.buffer])
    await setImmediate() // receive what the consumer asked for
  }
}

async function collectAll(chunks: Chunks, collector: ScanCollector, asked: Asked): Promise<void> {
  let next = chunks.next()
  for (; next.done !== true; next = chunks.next()) {
    collector.add(next.value)
    await setImmediate() // learn whether to end
    if (asked.toEnd) return
  }
  const steps = collector.finish()
  for (let step = steps.next(); !asked.toEnd; step = steps.next()) {
    if (step.done === true) {
      send({ type: 'end', ...next.value, value: step.value.value }, step.value.transfer)
      return
    }
    await setImmediate()
  }
}

async function collectorOf({ collector }: JobData & { job: 'scan' }): Promise<ScanCollector | undefined> {
  if (collector === undefined) return undefined
  const { createCollector } = (await import(collector.url)) as { createCollector: CreateCollector }
  return createCollector(collector.options)
}

function checkIntegrity({ at }: JobData & { job: 'integrity' }): void {
  const path = at.place.real
  const send = (message: FromIntegrity): void => port.postMessage(message)
  try {
    // The check can't be interrupted, and the end of the process waits for it: large files get the quick one.
    const pragma = fileSize(path) > FULL_CHECK_MAX_BYTES ? 'quick_check' : 'integrity_check'
    send({ type: 'checked', problems: integrityProblems(openReader(at), pragma) })
  } catch (error) {
    send({ type: 'failed', error: packError(toRevocadeError(error, 'read', path)) })
  }
}

function readBuckets({ at, namespace }: JobData & { job: 'buckets' }): void {
  const path = at.place.real
  const db = openReader(at)
  const reader = new BucketReader(db, namespace.namespaceId)
  const isSameStore = prepareIdentityCheck(db, namespace)
  port.on('message', (message: ToBuckets) => {
    if (message === END) {
      db.close()
      port.unref()
      return
    }
    const { id, bucket, bits } = message
    let reply: FromBuckets
    try {
      reply = { type: 'read', id, read: reader.whole(bucket, bits) }
      if (!isSameStore()) throw takenAway(path)
    } catch (error) {
      reply = { type: 'failed', id, error: packError(toRevocadeError(error, 'read', path)) }
    }
    port.postMessage(reply)
  })
}

if (data.job === 'scan') await scan(data)
else if (data.job === 'buckets') readBuckets(data)
else checkIntegrity(data)
