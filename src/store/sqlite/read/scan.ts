import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { ScanChunk, ScanEnd } from '../../../ports/index.js'
import { toRevocadeError, unpackError } from '../errors.js'
import { startThread } from '../thread.js'
import type { FromScan, JobData } from '../thread-messages.js'
import { selectorNames } from './rows.js'

/** Starts a job thread. */
export function startJob(job: JobData): Worker {
  return startThread(new URL('./worker.js', import.meta.url), job)
}

/**
 * Streams what a scan thread reads. Leaving the loop early stops the thread.
 *
 * @param track Holds the thread while it runs, so that closing the store can end it.
 */
export async function* streamScan(
  job: JobData & { job: 'scan' },
  track: { add(worker: Worker): void; delete(worker: Worker): void },
): AsyncGenerator<ScanChunk, ScanEnd, void> {
  const worker = startJob(job)
  track.add(worker)
  const inbox: FromScan[] = []
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const fail = (error: Error): void => {
    failure ??= error
    wake?.()
  }
  worker.on('message', (message: FromScan) => {
    inbox.push(message)
    wake?.()
  })
  worker.on('error', (error) => fail(toRevocadeError(error, 'read', job.path)))
  worker.on('exit', () =>
    fail(new RevocadeError('ERR_STORE_UNAVAILABLE', `The scan of ${job.path} was stopped.`)),
  )
  try {
    for (;;) {
      const message = inbox.shift()
      if (message === undefined) {
        if (failure !== undefined) throw failure
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else if (message.type === 'chunk') {
        worker.postMessage('more')
        yield { digests: message.digests, expiresAt: message.expiresAt, total: message.total }
      } else if (message.type === 'end') {
        const { seq, epoch, selectors } = message
        return {
          position: { seq, epoch },
          selectors: selectors.map(([json, expiresAt]) => ({ names: selectorNames(json), expiresAt })),
        }
      } else {
        throw unpackError(message.error)
      }
    }
  } finally {
    track.delete(worker)
    await worker.terminate()
  }
}
