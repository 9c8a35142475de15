import type { ExportRecord } from './record.js'

/** The columns in the order in which export writes them. Import accepts any order and any subset. */
export const COLUMNS = [
  'jti',
  'iss',
  'id_claim',
  'id',
  'id_type',
  'sha256',
  'token',
  'where',
  'issued_before',
  'same_second',
  'not_before',
  'expires_at',
  'reason',
  'actor',
  'revoked_at',
] as const

type Column = (typeof COLUMNS)[number]

/** The cells of a record, in the order of {@link COLUMNS}. */
export function toCells(record: ExportRecord): string[] {
  const id = record.jti ?? record.id
  const cells: { [K in Column]?: string | undefined } = {
    jti: record.jti === undefined ? undefined : String(record.jti),
    iss: record.iss,
    id_claim: record.idClaim,
    id: record.id === undefined ? undefined : String(record.id),
    id_type: typeof id === 'number' ? 'number' : undefined,
    sha256: record.sha256,
    where: record.where === undefined ? undefined : JSON.stringify(record.where),
    issued_before: record.issuedBefore,
    same_second: record.sameSecond,
    not_before: record.notBefore,
    expires_at: record.expiresAt,
    reason: record.reason,
    actor: record.actor,
    revoked_at: record.revokedAt,
  }
  return COLUMNS.map((column) => cells[column] ?? '')
}
