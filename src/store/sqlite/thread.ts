import { Worker } from 'node:worker_threads'

/** Starts a thread of ours, without the options of the process: `--input-type` and the like end a thread at once. */
export function startThread(file: URL, workerData: object): Worker {
  return new Worker(file, { workerData, execArgv: [] })
}
