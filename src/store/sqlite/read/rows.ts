/** The columns of a raw row. */
export const ROW_COLUMNS =
  'seq, target, revoked, expires_at, revoked_at, issued_before, issued_through, reason, actor, not_before'

/** A change of any namespace. A change of another namespace only moves the position. */
export type RawChange = readonly [
  seq: number,
  namespace: number,
  digest: Buffer,
  revoked: number,
  expiresAt: number,
  selector: string | null,
]
