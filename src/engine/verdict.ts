import type { StoredRow, Target } from '../ports/index.js'

/** `unknown`: no layer could decide; the option `onUnknown` says what happens then. */
export type VerdictStatus = 'active' | 'revoked' | 'unknown'

/** The layer that gave the answer. */
export type DecidedBy = 'prefilter' | 'cache' | 'redis' | 'store' | 'policy'

/** A revocation as it stands in the store. */
export interface Revocation {
  readonly target: Target
  /** Selectors only: tokens issued before this are revoked; by default those of the same second as well. */
  readonly issuedBefore?: Date
  /**
   * Selectors only: set if there is no `issuedBefore`, because all tokens are revoked, whenever they were
   * issued. To revoke the same again, give `issuedBefore: 'ever'`.
   */
  readonly withoutCutoff?: true
  /** Selectors only: set if tokens issued in the second of `issuedBefore` stay valid. */
  readonly sameSecond?: 'keep'
  /** When it begins to count; absent: at once. */
  readonly notBefore?: Date
  /** When it ends. The engine honours it for `clockToleranceSeconds` longer. */
  readonly expiresAt: Date
  readonly revokedAt: Date
  readonly reason?: string
  readonly actor?: string
  /** Number of the change in the store; later changes have greater numbers. */
  readonly seq: number
}

/** The answer to a check. */
export interface Verdict {
  readonly status: VerdictStatus
  readonly decidedBy: DecidedBy
  /**
   * The revocation, if the store or the verdict cache decided. Absent in the rare case that the cache has
   * only what decides, and the store can't be asked for the rest.
   */
  readonly revocation?: Revocation
  /** If the token is active: a revocation of it with a later `notBefore`, the earliest of several. */
  readonly pending?: Revocation
  /** The revocation's reason, or why the status is unknown. */
  readonly reason?: string
}

/** Shared, so that the common answer allocates nothing. */
export const ACTIVE_BY_PREFILTER: Verdict = Object.freeze({ status: 'active', decidedBy: 'prefilter' })
/** Active: the verdict cache decided. */
export const ACTIVE_BY_CACHE: Verdict = Object.freeze({ status: 'active', decidedBy: 'cache' })
/** Active: the prefix cache decided. */
export const ACTIVE_BY_REDIS: Verdict = Object.freeze({ status: 'active', decidedBy: 'redis' })
/** Active: the store decided. */
export const ACTIVE_BY_STORE: Verdict = Object.freeze({ status: 'active', decidedBy: 'store' })

/** A store row as users see it. */
export function toRevocation(row: StoredRow): Revocation {
  const { issuedBefore, issuedThrough } = row
  const keep =
    issuedBefore !== undefined &&
    issuedThrough !== undefined &&
    issuedThrough < Math.floor(issuedBefore / 1000)
  return {
    target: row.target,
    ...(issuedBefore === undefined ? {} : { issuedBefore: new Date(issuedBefore) }),
    ...(isWithoutCutoff(row) ? { withoutCutoff: true } : {}),
    ...(keep ? { sameSecond: 'keep' } : {}),
    ...(row.notBefore === undefined ? {} : { notBefore: new Date(row.notBefore) }),
    expiresAt: new Date(row.expiresAt * 1000),
    revokedAt: new Date(row.revokedAt),
    ...(row.reason === undefined ? {} : { reason: row.reason }),
    ...(row.actor === undefined ? {} : { actor: row.actor }),
    seq: row.seq,
  }
}

/** Whether a row revokes all tokens of a selector, whenever they were issued. */
export function isWithoutCutoff({ target, issuedThrough }: StoredRow): boolean {
  return target.kind === 'selector' && issuedThrough === undefined
}
