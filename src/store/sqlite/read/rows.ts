import { RevocadeError } from '../../../errors.js'
import type { StoredRow, Target } from '../../../ports/index.js'

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

/** The reverse of `targetToJson`. */
function targetFromJson(json: string): Target {
  try {
    const parts: unknown = JSON.parse(json)
    if (Array.isArray(parts)) {
      const [kind, first, second, third] = parts as readonly unknown[]
      if (kind === 'hash' && typeof first === 'string') return { kind, sha256: first }
      if (kind === 'id' && typeof first === 'string' && isScalar(second)) {
        const named = { kind, claim: first, id: second } as const
        return typeof third === 'string' ? { ...named, iss: third } : named
      }
      if (kind === 'where' && isClaims(first)) return { kind: 'selector', where: first }
    }
  } catch {
    // not even JSON: reported below
  }
  throw new RevocadeError(
    'ERR_STORE_CORRUPT',
    'a row of the store has a damaged target: restore the store from a backup',
  )
}

const isScalar = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number'

const isClaims = (value: unknown): value is Record<string, string | number> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isScalar)

const MAX_SHAPES = 1024
const shapes = new Map<string, readonly string[]>()

/**
 * The claim names of a selector column. A store has few different lists of names, and each is parsed once.
 */
export function selectorNames(json: string): readonly string[] {
  let names = shapes.get(json)
  if (names === undefined) {
    const parsed: unknown = JSON.parse(json)
    names = Object.freeze(Array.isArray(parsed) ? parsed.map(String) : [])
    if (shapes.size < MAX_SHAPES) shapes.set(json, names)
  }
  return names
}
