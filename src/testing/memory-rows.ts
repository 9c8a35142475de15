import { RevocadeError } from '../errors.js'
import type { Mutation, StoredRow } from '../ports/index.js'

type Revoke = Extract<Mutation, { op: 'revoke' }>

/** The row after a mutation, but for its number; undefined if the mutation changes nothing. */
export function changedRow(
  old: StoredRow | undefined,
  mutation: Mutation,
  toleranceSeconds: number,
): Omit<StoredRow, 'seq'> | undefined {
  const live = isLive(old, mutation.revokedAt, toleranceSeconds)
  if (mutation.op === 'unrevoke') {
    return live ? { ...old, revoked: false, revokedAt: mutation.revokedAt } : undefined
  }
  return live ? widened(old, mutation) : { ...withoutAbsent(mutation), revoked: true }
}

/** Whether a row is a revocation that checks honour at a time in milliseconds. */
const isLive = (row: StoredRow | undefined, at: number, toleranceSeconds: number): row is StoredRow =>
  row?.revoked === true && (row.expiresAt + toleranceSeconds) * 1000 > at

/** Whether a live row already revokes what the mutation revokes; see `Written.already`. */
export const isCovered = (
  old: StoredRow | undefined,
  mutation: Mutation,
  toleranceSeconds: number,
): boolean =>
  mutation.op === 'revoke' &&
  isLive(old, mutation.revokedAt, toleranceSeconds) &&
  cutoff(old) >= cutoff(mutation) &&
  // It would still be revoked later only, and now it is revoked at once.
  !((old.notBefore ?? 0) > mutation.revokedAt && (mutation.notBefore ?? 0) <= mutation.revokedAt)

/** A selector without cutoff matches every token, so it counts as later than any cutoff. */
const cutoff = ({ issuedThrough }: { readonly issuedThrough?: number }): number => issuedThrough ?? Infinity

/** A live row is only widened: the earlier start, the later expiry and the later cutoff win. */
function widened(old: StoredRow, fresh: Revoke): Omit<StoredRow, 'seq'> {
  const step = cutoff(fresh) - cutoff(old) // NaN if neither has a cutoff
  const isLater = step > 0 || (step === 0 && (fresh.issuedBefore ?? 0) > (old.issuedBefore ?? 0))
  const { revokedAt, issuedBefore, issuedThrough } = isLater ? fresh : old
  const row = {
    target: fresh.target,
    expiresAt: Math.max(old.expiresAt, fresh.expiresAt),
    revokedAt,
    notBefore:
      old.notBefore === undefined || fresh.notBefore === undefined
        ? undefined
        : Math.min(old.notBefore, fresh.notBefore),
    issuedBefore,
    issuedThrough,
    reason: fresh.reason ?? old.reason,
    actor: fresh.actor ?? old.actor,
  }
  return { ...withoutAbsent(row), revoked: true }
}

type Details = Pick<StoredRow, 'target' | 'expiresAt' | 'revokedAt'> & {
  readonly [name in 'notBefore' | 'issuedBefore' | 'issuedThrough']?: number | undefined
} & { readonly [name in 'reason' | 'actor']?: string | undefined }

/** The columns of a row, and no others; without those that are undefined. */
function withoutAbsent(details: Details): Omit<StoredRow, 'seq' | 'revoked'> {
  const { target, expiresAt, revokedAt, notBefore, issuedBefore, issuedThrough, reason, actor } = details
  return {
    target,
    expiresAt: Math.ceil(expiresAt),
    revokedAt,
    ...(notBefore === undefined ? {} : { notBefore: Math.floor(notBefore) }),
    ...(issuedBefore === undefined ? {} : { issuedBefore }),
    ...(issuedThrough === undefined ? {} : { issuedThrough }),
    ...(reason === undefined ? {} : { reason }),
    ...(actor === undefined ? {} : { actor }),
  }
}

/** @throws {RevocadeError} ERR_INVALID_TIME when a time can't be stored */
export function requireTimes(mutation: Mutation): void {
  const times =
    mutation.op === 'unrevoke'
      ? [mutation.revokedAt]
      : [
          mutation.expiresAt,
          mutation.revokedAt,
          mutation.notBefore ?? 0,
          mutation.issuedBefore ?? 0,
          mutation.issuedThrough ?? 0,
        ]
  const wrong = times.find((time) => !(time >= 0 && time < Infinity))
  if (wrong === undefined) return
  throw new RevocadeError(
    'ERR_INVALID_TIME',
    `a time can't be stored: ${wrong} is no time after 1970: give a finite number from 0 on`,
  )
}
