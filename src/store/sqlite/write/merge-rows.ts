import type { UnpackedMutation } from './mutation-codec.js'

/** The columns of an existing row that an upsert depends on. */
export type ExistingRow = readonly [
  seq: number,
  revoked: number,
  expiresAt: number,
  revokedAt: number,
  issuedBefore: number | null,
  issuedThrough: number | null,
  reason: string | null,
  actor: string | null,
  notBefore: number | null,
]

/** The columns that an upsert writes, except those that identify the row. */
export interface MergedRow {
  readonly expiresAt: number
  readonly revokedAt: number
  readonly notBefore: number | null
  readonly issuedBefore: number | null
  readonly issuedThrough: number | null
  readonly reason: string | null
  readonly actor: string | null
  /** As in `Written`. */
  readonly already: boolean
}

/** A selector without cutoff matches every token, so it counts as later than any cutoff. */
const cutoff = (issuedThrough: number | null): number => issuedThrough ?? Number.POSITIVE_INFINITY

/** Whether checks honour a row at a time in milliseconds: until its expiry plus the clock tolerance. */
export const isLive = ([, revoked, expiresAt]: ExistingRow, toleranceSeconds: number, at: number): boolean =>
  revoked === 1 && (expiresAt + toleranceSeconds) * 1000 > at

/**
 * The row that results when a revocation meets a row of the same digest. A live row is only widened: the
 * earlier start, the later expiry and the later cutoff win. A tombstone or an expired row is replaced.
 */
export function mergeRows(
  existing: ExistingRow,
  mutation: UnpackedMutation,
  toleranceSeconds: number,
): MergedRow {
  if (!isLive(existing, toleranceSeconds, mutation.revokedAt)) return { ...mutation, already: false }
  const [, , expiresAt, revokedAt, issuedBefore, issuedThrough, reason, actor, notBefore] = existing
  const step = cutoff(mutation.issuedThrough) - cutoff(issuedThrough) // NaN if neither has a cutoff
  const later = step > 0 || (step === 0 && (mutation.issuedBefore ?? 0) > (issuedBefore ?? 0))
  return {
    expiresAt: Math.max(expiresAt, mutation.expiresAt),
    revokedAt: later ? mutation.revokedAt : revokedAt,
    notBefore: earlierStart(notBefore, mutation.notBefore),
    issuedBefore: later ? mutation.issuedBefore : issuedBefore,
    issuedThrough: later ? mutation.issuedThrough : issuedThrough,
    reason: mutation.reason ?? reason,
    actor: mutation.actor ?? actor,
    already: cutoff(issuedThrough) >= cutoff(mutation.issuedThrough) && !isHastened(notBefore, mutation),
  }
}

const earlierStart = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.min(a, b)

/** Whether a mutation revokes at once what an existing row would only revoke later. */
const isHastened = (existing: number | null, { notBefore, revokedAt }: UnpackedMutation): boolean =>
  (existing ?? 0) > revokedAt && (notBefore ?? 0) <= revokedAt
