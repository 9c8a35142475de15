import { isWithoutCutoff } from '../engine/verdict.js'
import type { StoredRow } from '../ports/index.js'
import { optionName } from '../token/claim-path.js'

/** A revocation as export writes it and import reads it. Times are ISO 8601, to the millisecond. */
export interface ExportRecord {
  readonly jti?: string | number
  readonly idClaim?: string
  readonly id?: string | number
  readonly iss?: string
  readonly sha256?: string
  readonly where?: Readonly<Record<string, string | number>>
  /** Or `ever`. */
  readonly issuedBefore?: string
  readonly sameSecond?: 'revoke' | 'keep'
  readonly notBefore?: string
  readonly expiresAt: string
  readonly reason?: string
  readonly actor?: string
  readonly revokedAt: string
}

/** The record of a store's row, without `seq`, which numbers the changes of one store only. */
export function toRecord(row: StoredRow): ExportRecord {
  const sameSecond = sameSecondOf(row)
  return {
    ...targetOf(row),
    ...(row.issuedBefore === undefined ? {} : { issuedBefore: new Date(row.issuedBefore).toISOString() }),
    ...(isWithoutCutoff(row) ? { issuedBefore: 'ever' } : {}),
    ...(sameSecond === undefined ? {} : { sameSecond }),
    ...(row.notBefore === undefined ? {} : { notBefore: new Date(row.notBefore).toISOString() }),
    expiresAt: new Date(row.expiresAt * 1000).toISOString(),
    ...(row.reason === undefined ? {} : { reason: row.reason }),
    ...(row.actor === undefined ? {} : { actor: row.actor }),
    revokedAt: new Date(row.revokedAt).toISOString(),
  }
}

function targetOf({
  target,
}: StoredRow): Pick<ExportRecord, 'jti' | 'idClaim' | 'id' | 'iss' | 'sha256' | 'where'> {
  if (target.kind === 'hash') return { sha256: target.sha256 }
  if (target.kind === 'selector') {
    const entries = Object.entries(target.where).map(([name, value]) => [optionName(name), value] as const)
    return { where: Object.fromEntries(entries) }
  }
  const iss = target.iss === undefined ? {} : { iss: target.iss }
  return target.claim === 'jti'
    ? { jti: target.id, ...iss }
    : { idClaim: target.claim, id: target.id, ...iss }
}

function sameSecondOf(row: StoredRow): 'revoke' | 'keep' | undefined {
  if (row.issuedBefore === undefined || row.issuedThrough === undefined) return undefined
  return row.issuedThrough >= Math.floor(row.issuedBefore / 1000) ? 'revoke' : 'keep'
}
