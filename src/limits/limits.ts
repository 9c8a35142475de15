import crypto from 'node:crypto'
import { RevocadeError } from '../errors.js'
import { integerOption } from '../validate.js'
import { type LimitsOptions, readLimitsOptions } from './options.js'
import { SharedLimiter } from './shared-limiter.js'

const { hash } = crypto

/** What one {@link Limits.take} got. */
export interface Taken {
  readonly allowed: boolean
  /** How many points the key has left in this window. */
  readonly remaining: number
  /** For `Retry-After`: in how many whole seconds the window is over, at least 1. 0 if it is allowed. */
  readonly retryAfterSeconds: number
  /** `'memory'` where there is no Redis, or it did not answer: this process has counted by itself. */
  readonly decidedBy: 'redis' | 'memory'
}

/** A limit. The method is bound. */
export interface Limits {
  /**
   * Takes points of a key. Points that are refused are taken as well.
   *
   * @param key - whom the limit is for, such as `` `login ${name}` ``. Redis gets its SHA-256
   * @param cost - a whole number from 1 to `points`
   * @default cost 1
   * @throws {RevocadeError} ERR_CONFIG when an argument is not valid. Redis is never a reason to throw
   */
  readonly take: (key: string, cost?: number) => Promise<Taken>
}

/**
 * Limits how often something may happen, on rate-limiter-flexible. A key has `points` for each window of
 * `seconds`, which begins with its first `take`. Processes that share a Redis count together. While it does
 * not answer within `timeoutMs`, each counts in its own memory.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown, missing or not valid
 * @example
 * const logins = createLimits({ redis, points: 5, seconds: 900 })
 * const { allowed, retryAfterSeconds } = await logins.take(`login ${name}`)
 * if (!allowed) res.status(429).set('Retry-After', String(retryAfterSeconds)).end()
 */
export function createLimits(options: LimitsOptions): Limits {
  const settings = readLimitsOptions(options)
  const limiter = new SharedLimiter(settings)
  return {
    take: async (key, cost) => {
      const points = integerOption(cost, 'cost', [1, settings.points], 1)
      const { answer, allowed, decidedBy } = await limiter.consume(nameOf(key), points)
      return {
        allowed,
        remaining: answer.remainingPoints,
        retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil(answer.msBeforeNext / 1000)),
        decidedBy,
      }
    },
  }
}

/** A key may be long, or a secret. */
function nameOf(key: unknown): string {
  if (typeof key === 'string' && key !== '') return hash('sha256', key, 'base64url')
  throw new RevocadeError('ERR_CONFIG', 'the key of a limit must be a string that is not empty')
}
