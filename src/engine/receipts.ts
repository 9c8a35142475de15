import type { Target, Written } from '../ports/index.js'
import type { Receipt } from '../receipt.js'

/** What a receipt says of one revocation. */
interface Outcome {
  readonly outcome: Receipt['outcome']
  readonly target: Target
  readonly written: Written
  readonly redis: Receipt['redis']
  readonly effectiveEverywhereAt: Date
}

/** The receipt of one durable change, or of a call that had nothing to change. */
export function receipt({ outcome, target, written, redis, effectiveEverywhereAt }: Outcome): Receipt {
  const { seq, notBefore, expiresAt } = written
  return {
    seq,
    outcome,
    target,
    ...(notBefore === undefined ? {} : { notBefore: new Date(notBefore) }),
    expiresAt: new Date(expiresAt * 1000),
    durable: true,
    redis,
    effectiveEverywhereAt: new Date(Math.max(effectiveEverywhereAt.getTime(), notBefore ?? 0)),
  }
}
