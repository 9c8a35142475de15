import type { StoredRow } from '../../ports/index.js'
import { targetFromJson } from '../format/target.js'

/** The columns of {@link ROW_JSON}. */
export type RawRow = readonly [
  seq: number,
  target: string,
  revoked: boolean,
  expiresAt: number,
  revokedAt: number,
  issuedBefore: number | null,
  issuedThrough: number | null,
  reason: string | null,
  actor: string | null,
  notBefore: number | null,
]

/** A row `r` as a JSON array, so that no number depends on the parsers of the driver. */
export const ROW_JSON = `json_build_array(r.seq, r.target, r.revoked, r.expires_at, r.revoked_at,
  r.issued_before, r.issued_through, r.reason, r.actor, r.not_before)`

/**
 * Builds the record of a row.
 *
 * @throws {RevocadeError} ERR_STORE_CORRUPT when the target can't be read.
 */
export function toStoredRow(row: RawRow): StoredRow {
  const [seq, target, revoked, expiresAt, revokedAt, ...details] = row
  const [issuedBefore, issuedThrough, reason, actor, notBefore] = details
  return {
    ...{ seq, target: targetFromJson(target), revoked, expiresAt, revokedAt },
    ...(notBefore === null ? {} : { notBefore }),
    ...(issuedBefore === null ? {} : { issuedBefore }),
    ...(issuedThrough === null ? {} : { issuedThrough }),
    ...(reason === null ? {} : { reason }),
    ...(actor === null ? {} : { actor }),
  }
}
