import { asRecord, hasMethods, integerOption, optionError, rejectUnknownKeys } from '../validate.js'

/** What is used of an ioredis client: single, Sentinel or Cluster. */
export interface IoredisLike {
  readonly status: string
  connect(): Promise<unknown>
  defineCommand(name: string, definition: { readonly lua: string; readonly numberOfKeys: number }): unknown
}

/** What is used of a client of node-redis 4 or newer, which the caller has connected. */
export interface NodeRedisLike {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A Redis client of the caller's. It is never closed. */
export type LimitsRedis = IoredisLike | NodeRedisLike

/** Options of `createLimits`. */
export interface LimitsOptions {
  /** How many points a key has in a window, a whole number from 1 to 1,000,000,000. */
  readonly points: number
  /**
   * How long a window is, in whole seconds from 1 to 604,800, a week. It begins with the first `take` of the
   * key.
   */
  readonly seconds: number
  /**
   * Where processes count together.
   *
   * @default each process counts in its own memory
   */
  readonly redis?: LimitsRedis | undefined
  /**
   * How many points a key has in the memory of this process, a whole number from 1 to `points`. With four
   * processes, a quarter of `points` keeps the limit while Redis is away.
   *
   * @default points
   */
  readonly localPoints?: number | undefined
  /**
   * For how long Redis may think, in whole milliseconds from 1 to 10,000. Then the memory decides.
   *
   * @default 40
   */
  readonly timeoutMs?: number | undefined
  /**
   * What the keys in Redis begin with: 1 to 64 letters, digits and any of `_ . : { } -`. Limits that have the
   * same `prefix`, `points` and `seconds` count together.
   *
   * @default 'revocade:limit'
   */
  readonly prefix?: string | undefined
}

/** The options with their defaults. */
export interface LimitsSettings {
  readonly points: number
  readonly seconds: number
  readonly redis: LimitsRedis | undefined
  readonly localPoints: number
  readonly timeoutMs: number
  readonly prefix: string
}

const NAMES = ['points', 'seconds', 'redis', 'localPoints', 'timeoutMs', 'prefix']
const MOST_POINTS = 1_000_000_000
/** The limiter in memory forgets by a timer, and a timer of more than 24 days fires at once. */
const LONGEST_SECONDS = 7 * 86_400
const PREFIX = /^[\w.:{}-]{1,64}$/

/** @throws {RevocadeError} ERR_CONFIG when an option is unknown, missing or not valid */
export function readLimitsOptions(options: LimitsOptions): LimitsSettings {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, NAMES, 'option')
  for (const name of ['points', 'seconds'])
    if (given[name] === undefined) throw optionError(name, 'is missing')
  const points = integerOption(given.points, 'points', [1, MOST_POINTS], 1)
  const { redis, prefix = 'revocade:limit' } = given
  if (redis !== undefined && !isIoredis(redis) && !isNodeRedis(redis))
    throw optionError('redis', 'must be a client of ioredis, or of node-redis 4 or newer')
  if (typeof prefix !== 'string' || !PREFIX.test(prefix))
    throw optionError('prefix', 'must have 1 to 64 letters, digits or any of _ . : { } -')
  return {
    points,
    seconds: integerOption(given.seconds, 'seconds', [1, LONGEST_SECONDS], 1),
    redis,
    localPoints: integerOption(given.localPoints, 'localPoints', [1, points], points),
    timeoutMs: integerOption(given.timeoutMs, 'timeoutMs', [1, 10_000], 40),
    prefix,
  }
}

/** Whether it is a client of ioredis. */
export function isIoredis(value: unknown): value is IoredisLike {
  return hasMethods(value, ['defineCommand', 'connect'])
}

function isNodeRedis(value: unknown): value is NodeRedisLike {
  return hasMethods(value, ['eval'])
}
