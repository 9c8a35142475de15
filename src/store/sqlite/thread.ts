import { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../errors.js'
import { pnpOptions } from './pnp-options.js'
import { setupError } from './setup-error.js'
import { END } from './thread-messages.js'

const EXEC_ARGV = pnpOptions(process.execArgv)

/**
 * Starts a thread of this package. Of the process's command-line options it inherits only those of Yarn's
 * Plug'n'Play: `--input-type`, for example, would end it at once.
 *
 * @throws {RevocadeError} ERR_CONFIG when Node.js may start no threads, see {@link setupError};
 * ERR_STORE_UNAVAILABLE when no thread can be started at present: callers have to expect it, and to try again
 * later.
 */
export function startThread(file: URL, workerData: object): Worker {
  try {
    return new Worker(file, { workerData, execArgv: EXEC_ARGV })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const hint = 'check the limits on memory and on processes and threads'
    throw (
      setupError(error) ??
      new RevocadeError('ERR_STORE_UNAVAILABLE', `the store's thread can't be started: ${why}; ${hint}`, {
        cause: error,
      })
    )
  }
}

/**
 * Asks a thread to end, and resolves once it has. A thread is never terminated: if a call into SQLite fails
 * while its thread is being terminated, the driver can't make the error, and ends the process.
 */
export async function endThread(worker: Worker): Promise<void> {
  // Node.js sets it to -1 when the thread has ended.
  if (worker.threadId < 0) return
  const ended = new Promise((resolve) => void worker.once('exit', resolve))
  worker.ref() // whoever waits for the end must not run out of events before
  worker.postMessage(END)
  await ended
}
