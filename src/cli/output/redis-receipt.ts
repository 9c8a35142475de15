import type { BulkReceipt, Receipt } from '../../api.js'
import { note, tone } from './print.js'

type InRedis = Receipt['redis']

/** What a receipt says of where the change is. */
export function durableText({
  seq,
  durable,
  redis,
}: Pick<Receipt | BulkReceipt, 'seq' | 'durable' | 'redis'>): string {
  return `durable${durable === 'redis' ? ' in Redis' : ''}, seq ${seq}${redisText(redis)}`
}

/** The Redis part of a receipt, appended to its line; empty without Redis. */
export function redisText(redis: InRedis): string {
  if (redis === 'off') return ''
  return `, Redis: ${redis === 'written' ? redis : tone(redis, 'warn')}`
}

/**
 * Explains 'queued', which is not a failure: the store has the revocation, and the services write it to
 * Redis.
 */
export function noteQueued(redis: InRedis, options: { readonly json?: boolean }): void {
  if (redis === 'queued')
    note(
      'Redis does not have all of it yet. It is durable: services find it in the store and write it to Redis',
      options,
    )
}

/** The state of several writes together: 'written' only if none of them is queued. */
export function combineStates(redis: readonly InRedis[]): InRedis {
  if (redis.includes('queued')) return 'queued'
  return redis.includes('written') ? 'written' : 'off'
}
