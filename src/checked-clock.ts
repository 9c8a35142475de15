import { RevocadeError } from './errors.js'
import type { Clock } from './ports/index.js'

/** The latest time that a `Date` can hold. */
const MAX_MS = 8.64e15

/**
 * A clock that tells a time or throws an ERR_CONFIG, around one that might tell none. Nothing is later or
 * earlier than NaN: a prefilter filled at that time would lack every revocation.
 */
export function checkedClock(clock: Clock): Clock {
  return {
    now: () => {
      const ms: unknown = told('now', () => clock.now())
      if (typeof ms === 'number' && Math.abs(ms) <= MAX_MS) return ms
      throw clockError('now() must return milliseconds since 1970')
    },
    monotonic: () => {
      const ns: unknown = told('monotonic', () => clock.monotonic())
      if (typeof ns === 'bigint') return ns
      throw clockError('monotonic() must return nanoseconds as a bigint')
    },
  }
}

function told(method: keyof Clock, ask: () => unknown): unknown {
  try {
    return ask()
  } catch (cause) {
    throw clockError(`${method}() threw an error`, cause)
  }
}

const clockError = (problem: string, cause?: unknown): RevocadeError =>
  new RevocadeError('ERR_CONFIG', `option 'clock': ${problem}`, { cause })
