import type { DecidingRow, StoredRow } from '../../ports/index.js'
import { targetFromJson, targetToJson } from './target.js'

/** The columns of a record in the order in which every store reads them. SQLite has no booleans. */
export type RawRow = readonly [
  seq: number,
  target: string,
  revoked: boolean | number,
  expiresAt: number,
  revokedAt: number,
  issuedBefore: number | null,
  issuedThrough: number | null,
  reason: string | null,
  actor: string | null,
  notBefore: number | null,
]

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
    revoked: revoked === true || revoked === 1,
    expiresAt,
    revokedAt,
    ...(notBefore === null ? {} : { notBefore }),
    ...(issuedBefore === null ? {} : { issuedBefore }),
    ...(issuedThrough === null ? {} : { issuedThrough }),
    ...(reason === null ? {} : { reason }),
    ...(actor === null ? {} : { actor }),
  }
}

/** The columns of a {@link DecidingRow}, in the order in which a store reads them. */
export type RawDecidingRow = readonly [
  seq: number,
  revoked: number,
  expiresAt: number,
  notBefore: number | null,
  issuedThrough: number | null,
]

/** Builds what decides of a row. */
export function toDecidingRow([
  seq,
  revoked,
  expiresAt,
  notBefore,
  issuedThrough,
]: RawDecidingRow): DecidingRow {
  return {
    seq,
    revoked: revoked === 1,
    expiresAt,
    ...(notBefore === null ? {} : { notBefore }),
    ...(issuedThrough === null ? {} : { issuedThrough }),
  }
}

/** The reverse of {@link toStoredRow}. */
export function toRawRow(row: StoredRow): RawRow {
  return [
    row.seq,
    targetToJson(row.target),
    row.revoked,
    row.expiresAt,
    row.revokedAt,
    row.issuedBefore ?? null,
    row.issuedThrough ?? null,
    row.reason ?? null,
    row.actor ?? null,
    row.notBefore ?? null,
  ]
}
