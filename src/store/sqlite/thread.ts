import { Worker } from 'node:worker_threads'

/**
 * Starts a thread of this package. It does not inherit the process's command-line options: `--input-type`,
 * for example, would end it at once.
 */
export function startThread(file: URL, workerData: object): Worker {
  return new Worker(file, { workerData, execArgv: [] })
}
