import type { Target } from './ports/index.js'

/** The result of a call that changes one revocation. */
export interface Receipt {
  /** Sequence number of the change in the store; 0 when nothing was written. */
  readonly seq: number
  /**
   * - `revoked`, `unrevoked`: the change is written
   * - `already`: a live revocation of this target revoked every token that this call names before it did. Of
   *   several concurrent calls for one token exactly one is told `revoked`, and the others `already`. But a
   *   call that revokes at once what would have counted later is told `revoked`
   * - `expired`: the token had already expired, so nothing is stored
   * - `unchanged`: there was no revocation to take back
   */
  readonly outcome: 'revoked' | 'already' | 'unrevoked' | 'expired' | 'unchanged'
  readonly target: Target
  /** When it begins to count, as it stands in the store after the call; absent: at once. */
  readonly notBefore?: Date
  /** The expiry in the store after the call: a later one that was there is kept. */
  readonly expiresAt: Date
  /** 'redis': with a Redis store, as durable as docs/redis-store.md says. */
  readonly durable: true | 'redis'
  readonly redis: 'written' | 'queued' | 'off'
  /**
   * From this time on, every engine of this store with the same `maxStalenessMs` answers accordingly. Not
   * before `notBefore`.
   */
  readonly effectiveEverywhereAt: Date
  /**
   * What the caller may have missed, in a sentence: that a JWE or PASETO was revoked as a string, and its
   * claims are another name; or that the selector names no issuer, while tokens of several were checked.
   */
  readonly note?: string
}

/** The result of `Revocade.revokeMany`. */
export interface BulkReceipt {
  /** Sequence number of the last change; 0 when nothing was written. */
  readonly seq: number
  /** Number of revocations written. */
  readonly count: number
  /** How many of them would have been told `already`; see {@link Receipt.outcome}. */
  readonly already: number
  /** Number of entries that had already expired, and were not stored. */
  readonly expired: number
  /** Number of entries passed to `onInvalid`. */
  readonly invalid: number
  /** As in {@link Receipt}. */
  readonly durable: true | 'redis'
  readonly redis: 'written' | 'queued' | 'off'
  /** As in {@link Receipt}, for entries without `notBefore`. */
  readonly effectiveEverywhereAt: Date
}

/** The result of a call that tells caches what is out of date. */
export interface InvalidationReceipt {
  /** Sequence number of the change in the store. */
  readonly seq: number
  /** As in {@link Receipt}. */
  readonly durable: true | 'redis'
  /**
   * Whoever asks after this time, in a process with the same `maxStalenessMs`, is not given what was loaded
   * before the call.
   */
  readonly effectiveEverywhereAt: Date
}
