/** The columns of a raw row. */
export const ROW_COLUMNS =
  'seq, target, revoked, expires_at, revoked_at, issued_before, issued_through, reason, actor, not_before'
