/** A row `r` as a JSON array, so that no number depends on the parsers of the driver. */
export const ROW_JSON = `json_build_array(r.seq, r.target, r.revoked, r.expires_at, r.revoked_at,
  r.issued_before, r.issued_through, r.reason, r.actor, r.not_before)`
