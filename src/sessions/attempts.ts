import { RevocadeError } from '../errors.js'

const MOST = 24
const LONGEST_PAUSE_MS = 64

/**
 * Does again what others came in between of, after a short pause of random length.
 *
 * @param pause - waits so many milliseconds
 * @param once - is told how often others came first; resolves to undefined when they did again
 * @throws {RevocadeError} ERR_UNAVAILABLE when that happens two dozen times
 */
export async function attempts<T>(
  pause: (ms: number) => Promise<unknown>,
  once: (attempt: number) => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 0; attempt < MOST; attempt++) {
    const result = await once(attempt)
    if (result !== undefined) return result
    await pause(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS))
  }
  throw new RevocadeError(
    'ERR_UNAVAILABLE',
    'the sessions were changed by others each time: nothing was done, try again',
  )
}
