import type { StoredRow } from '../../../ports/index.js'
import { targetFromJson } from '../../format/target.js'

/** The columns of {@link ROW_COLUMNS}, as a raw statement returns them. */
export type RawRow = readonly [
  seq: number,
  target: string,
  revoked: number,
  expiresAt: number,
  revokedAt: number,
  issuedBefore: number | null,
  issuedThrough: number | null,
  reason: string | null,
  actor: string | null,
  notBefore: number | null,
]

/** The columns of a {@link StoredRow}. */
export const ROW_COLUMNS =
  'seq, target, revoked, expires_at, revoked_at, issued_before, issued_through, reason, actor, not_before'

/**
 * Builds the record of a row.
 *
 * @throws {RevocadeError} ERR_STORE_CORRUPT when the target can't be read.
 */
export function toStoredRow(row: RawRow): StoredRow {
  const [seq, target, revoked, expiresAt, revokedAt, ...details] = row
  const [issuedBefore, issuedThrough, reason, actor, notBefore] = details
  return {
    seq,
    target: targetFromJson(target),
    revoked: revoked === 1,
    expiresAt,
    revokedAt,
    ...(notBefore === null ? {} : { notBefore }),
    ...(issuedBefore === null ? {} : { issuedBefore }),
    ...(issuedThrough === null ? {} : { issuedThrough }),
    ...(reason === null ? {} : { reason }),
    ...(actor === null ? {} : { actor }),
  }
}
