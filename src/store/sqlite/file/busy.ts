import { sqliteCode } from './driver.js'

/** Milliseconds between two attempts to get a lock. */
const RETRY_MS = 5

/**
 * Waits for a lock of another connection where SQLite does not, or looks too seldom. It blocks the thread.
 *
 * @returns what the attempt returns; throws its last error if the lock is not free after `timeoutMs`
 */
export function retryBusy<Result>(timeoutMs: number, attempt: () => Result): Result {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      const busy = sqliteCode(error).startsWith('SQLITE_BUSY')
      if (!busy || performance.now() > deadline) throw error
      sleep(RETRY_MS)
    }
  }
}

/** Blocks the thread. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
