import type { Worker } from 'node:worker_threads'
import { startThread } from '../thread.js'
import type { JobData } from '../thread-messages.js'

/** Starts a read thread for one job. */
export function startJob(job: JobData): Worker {
  return startThread(new URL('./worker.js', import.meta.url), job)
}
