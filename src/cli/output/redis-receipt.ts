import type { Receipt } from '../../api.js'
import { note, tone } from './print.js'

type InRedis = Receipt['redis']

/** Whether Redis has it, to be put behind what else a receipt says; nothing where there is no Redis. */
export function redisText(redis: InRedis): string {
  if (redis === 'off') return ''
  return `, Redis: ${redis === 'written' ? redis : tone(redis, 'warn')}`
}

/** 'queued' is no failure, but whoever counts on Redis should know what it means once this process is gone. */
export function noteQueued(redis: InRedis, options: { readonly json?: boolean }): void {
  if (redis === 'queued')
    note(
      'Redis does not have all of it yet. It is durable, services find it in the store, and write to Redis what is missing there',
      options,
    )
}

/** Of several writes: all are in Redis, or some are not. */
export function together(redis: readonly InRedis[]): InRedis {
  if (redis.includes('queued')) return 'queued'
  return redis.includes('written') ? 'written' : 'off'
}
