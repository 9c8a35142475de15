import type { RateLimiterRes, RLWrapperTimeouts as Timeouts } from 'rate-limiter-flexible'
import { requirePeer } from '../require-peer.js'
import { isIoredis, type LimitsRedis, type LimitsSettings } from './options.js'

const { RateLimiterMemory, RateLimiterRedis, RLWrapperTimeouts } = requirePeer(
  'rate-limiter-flexible',
  'revocade/limits',
) as typeof import('rate-limiter-flexible')

/** For how long Redis is left alone after it has failed, in milliseconds. */
const PAUSE_MS = 1000

/** What was said of one `take`, and by whom. */
export interface Count {
  readonly answer: RateLimiterRes
  readonly allowed: boolean
  readonly decidedBy: 'redis' | 'memory'
}

/**
 * Counts in Redis, and in memory where there is none or while it fails. After a failure Redis is asked once a
 * second, and not by each call: commands to a server that hangs would pile up in its client.
 */
export class SharedLimiter {
  readonly #memory: Insurance
  readonly #redis: Timeouts | undefined
  readonly #client: LimitsRedis | undefined
  #isFailing = false
  /** When Redis may be asked again, by the monotonic clock. */
  #askAt = 0

  constructor(settings: LimitsSettings) {
    this.#memory = localOf(settings)
    this.#client = settings.redis
    if (settings.redis !== undefined) this.#redis = insured(settings, settings.redis, this.#memory)
  }

  async consume(key: string, cost: number): Promise<Count> {
    const now = performance.now()
    const isPaused = this.#isFailing && now < this.#askAt
    if (this.#redis === undefined || isPaused) return this.#consume(this.#memory, key, cost)
    this.#askAt = now + PAUSE_MS
    this.#connect()
    const count = await this.#consume(this.#redis, key, cost)
    this.#isFailing = count.decidedBy === 'memory'
    if (this.#isFailing) this.#askAt = performance.now() + PAUSE_MS
    return count
  }

  async #consume(limiter: Timeouts | Insurance, key: string, cost: number): Promise<Count> {
    const call = {}
    const said = await outcome(limiter.consume(key, cost, call))
    if (this.#memory.answered.has(call)) return { ...said, decidedBy: 'memory' }
    // What is no number is above no limit. A proxy in front of Redis may answer anything.
    if (Number.isSafeInteger(said.answer.consumedPoints)) return { ...said, decidedBy: 'redis' }
    return this.#consume(this.#memory, key, cost)
  }

  /** A client with `lazyConnect` waits for a first command. Its own events tell why it can't connect. */
  #connect(): void {
    const client = this.#client
    if (isIoredis(client) && client.status === 'wait') client.connect().catch(() => undefined)
  }
}

const localOf = ({ localPoints, seconds }: LimitsSettings): Insurance =>
  new Insurance({ points: localPoints, duration: seconds })

/** A limiter in Redis that has a deadline, and another one to ask when it fails. */
function insured(settings: LimitsSettings, redis: LimitsRedis, insuranceLimiter: Insurance): Timeouts {
  const { points, seconds, prefix, timeoutMs } = settings
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    useRedisPackage: !isIoredis(redis),
    points,
    duration: seconds,
    // A key has one counter with one window: limits that differ must not share it.
    keyPrefix: `${prefix}:${points}/${seconds}`,
    // Its client would queue commands without a bound.
    rejectIfRedisNotReady: true,
  })
  return new RLWrapperTimeouts({ limiter, timeoutMs, insuranceLimiter })
}

/** Knows for which calls it has decided. */
class Insurance extends RateLimiterMemory {
  readonly answered = new WeakSet<object>()

  override consume(
    key: string | number,
    cost?: number,
    call: Record<string, unknown> = {},
  ): Promise<RateLimiterRes> {
    this.answered.add(call)
    return super.consume(key, cost, call)
  }
}

async function outcome(consuming: Promise<RateLimiterRes>): Promise<Omit<Count, 'decidedBy'>> {
  try {
    return { answer: await consuming, allowed: true }
  } catch (error) {
    // A refusal is the same kind of answer, thrown.
    if (isAnswer(error)) return { answer: error, allowed: false }
    throw error
  }
}

const isAnswer = (value: unknown): value is RateLimiterRes =>
  typeof value === 'object' && value !== null && 'consumedPoints' in value
