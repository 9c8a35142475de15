import type { Mistake } from './plant.js'

const LIMITS = 'test/limits/limits.test.ts'

/** Mistakes about limits while Redis fails (L1). */
export const LIMIT_MISTAKES: readonly Mistake[] = [
  {
    name: 'L1: what is no number is below the limit',
    file: 'limits/shared-limiter.ts',
    within: '#consume',
    is: 'Number.isSafeInteger(said.answer.consumedPoints)',
    becomes: 'said.answer.consumedPoints !== -1',
    caughtBy: LIMITS,
    breaks: /× an answer that is no number is no reason to let all pass/,
  },
  {
    name: 'L1: each call asks a server that hangs',
    file: 'limits/shared-limiter.ts',
    within: 'isPaused',
    is: 'this.#isFailing && now < this.#askAt',
    becomes: 'this.#isFailing && now < 0',
    caughtBy: LIMITS,
    breaks: /× a server that hangs is not waited for/,
  },
  {
    name: 'L1: a server that hangs is waited for',
    file: 'limits/shared-limiter.ts',
    within: 'insured',
    is: 'timeoutMs, insuranceLimiter',
    becomes: 'timeoutMs: 2 ** 30 + timeoutMs, insuranceLimiter',
    caughtBy: LIMITS,
    breaks: /× a server that hangs is not waited for/,
  },
  {
    name: 'L1: a failure of Redis is thrown',
    file: 'limits/shared-limiter.ts',
    within: 'insured',
    is: 'timeoutMs, insuranceLimiter })',
    becomes: 'timeoutMs })',
    caughtBy: LIMITS,
    breaks: /× a server that is gone gives no key more than localPoints/,
  },
  {
    name: 'L1: the memory gives as much as Redis does',
    file: 'limits/shared-limiter.ts',
    within: 'localOf',
    is: 'points: localPoints',
    becomes: 'points: localPoints + 3',
    caughtBy: LIMITS,
    breaks: /× a server that takes no writes is no reason/,
  },
  {
    name: 'a client with lazyConnect is never connected',
    file: 'limits/shared-limiter.ts',
    within: '#connect',
    is: "client.status === 'wait'",
    becomes: "client.status === 'ready'",
    caughtBy: LIMITS,
    breaks: /× connect a client that waits for its first command/,
  },
  {
    name: 'limits that differ share their counters',
    file: 'limits/shared-limiter.ts',
    within: 'insured',
    is: 'keyPrefix: `${prefix}:${points}/${seconds}`',
    becomes: 'keyPrefix: `${prefix}`',
    caughtBy: LIMITS,
    breaks: /× are apart if they have other points/,
  },
  {
    name: 'the keys of the caller are in Redis',
    file: 'limits/limits.ts',
    within: 'nameOf',
    is: "return hash('sha256', key, 'base64url')",
    becomes: 'return key',
    caughtBy: LIMITS,
    breaks: /× have no key of the caller in Redis/,
  },
]
