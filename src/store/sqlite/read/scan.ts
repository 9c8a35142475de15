import { on } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { Collected, ScanChunk, ScanEnd } from '../../../ports/index.js'
import { selectorNames } from '../../format/target.js'
import { toRevocadeError, unpackError } from '../errors.js'
import { endThread } from '../thread.js'
import type { FromScan, JobData } from '../thread-messages.js'
import type { PackedEnd } from './scan-chunks.js'
import { scanSmall } from './small-scan.js'
import { startJob } from './start-job.js'

/**
 * Streams all live rows: those of a small store are read here, others by {@link streamFromThread}.
 *
 * @param running Holds the thread while it runs, so that closing the store can end it.
 * @param assertInPlace Throws when the store has been replaced: a scan of the old one is of no use.
 */
export async function* streamScan(
  job: JobData & { job: 'scan' },
  running: RunningThreads,
  assertInPlace: () => void,
): AsyncGenerator<ScanChunk, ScanEnd, void> {
  const small = scanSmall(job)
  if (small === undefined) return (yield* streamFromThread(job, running, assertInPlace)).end
  for (const chunk of small.chunks) {
    assertInPlace()
    yield chunk
  }
  assertInPlace()
  return toScanEnd(small.end)
}

/** The threads that a store has to end when it is closed. */
export interface RunningThreads {
  add(worker: Worker): void
  delete(worker: Worker): void
}

/**
 * Streams what a scan thread reads; nothing, where a collector takes it in the thread. The thread ends when
 * the consumer leaves the loop, early or not.
 *
 * @param running Holds the thread while it runs, so that closing the store can end it.
 * @param assertInPlace Throws when the store has been replaced: a scan of the old one is of no use.
 */
export async function* streamFromThread(
  job: JobData & { job: 'scan' },
  running: RunningThreads,
  assertInPlace: () => void,
): AsyncGenerator<ScanChunk, Collected, void> {
  const worker = startJob(job)
  running.add(worker)
  // `on` stops listening when the loop is left; an 'error' without a listener would end the process.
  worker.on('error', () => undefined)
  try {
    const messages = on(worker, 'message', { close: ['exit'] }) as AsyncIterable<[FromScan]>
    for await (const [message] of messages) {
      if (message.type === 'failed') throw unpackError(message.error)
      assertInPlace()
      if (message.type === 'end') return { value: message.value, end: toScanEnd(message) }
      worker.postMessage('more')
      yield { digests: message.digests, expiresAt: message.expiresAt, total: message.total }
    }
    throw new RevocadeError('ERR_STORE_UNAVAILABLE', `the scan of ${job.at.place.real} was stopped`)
  } catch (error) {
    throw toRevocadeError(error, 'read', job.at.place.real)
  } finally {
    running.delete(worker)
    await endThread(worker)
  }
}

const toScanEnd = ({ seq, epoch, selectors }: PackedEnd): ScanEnd => ({
  position: { seq, epoch },
  selectors: selectors.map(([json, expiresAt]) => ({ names: selectorNames(json), expiresAt })),
})
