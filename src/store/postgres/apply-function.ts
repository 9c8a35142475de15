import { REPLACED, TOO_LATE } from './errors.js'
import { bucketOf, EARLIER_TAGS, lock, NOW_MS, PLANS } from './sql.js'

/** One mutation after the other, by the rules of `Mutation` and `Written`. */
const eachByItself = (schema: string): string => `
    SELECT greatest(a_tolerance, (SELECT convert_from(m.value, 'UTF8')::bigint FROM ${schema}.meta m
      WHERE m.key = 'clock_tolerance')) INTO tolerance;
    seqs := array_fill(0::bigint, ARRAY[n]); expiries := seqs; starts := array_fill(-1::bigint, ARRAY[n]);
    already := array_fill(false, ARRAY[n]);
    FOR i IN 1..n LOOP
      SELECT * INTO o FROM ${schema}.revocations r WHERE r.namespace = a_ns AND r.digest = a_digest[i];
      live := FOUND AND o.revoked AND (o.expires_at + tolerance) * 1000 > a_revoked[i];
      IF NOT a_revoke[i] THEN
        CONTINUE WHEN NOT live;
        o_seq := o_seq + 1; seqs[i] := o_seq; expiries[i] := o.expires_at;
        UPDATE ${schema}.revocations SET seq = o_seq, revoked = false, revoked_at = a_revoked[i]
          WHERE namespace = a_ns AND digest = a_digest[i];
        CONTINUE;
      END IF;
      o_seq := o_seq + 1; seqs[i] := o_seq;
      expiries[i] := a_expires[i]; starts[i] := coalesce(a_start[i], -1);
      IF NOT live THEN
        INSERT INTO ${schema}.revocations AS r (namespace, digest, seq, revoked, expires_at, revoked_at,
            not_before, issued_before, issued_through, selector, target, reason, actor)
          VALUES (a_ns, a_digest[i], o_seq, true, a_expires[i], a_revoked[i], a_start[i], a_before[i],
            a_through[i], a_selector[i], a_target[i], a_reason[i], a_actor[i])
          ON CONFLICT (namespace, digest) DO UPDATE SET seq = excluded.seq, revoked = true,
            expires_at = excluded.expires_at, revoked_at = excluded.revoked_at,
            not_before = excluded.not_before, issued_before = excluded.issued_before,
            issued_through = excluded.issued_through, selector = excluded.selector,
            target = excluded.target, reason = excluded.reason, actor = excluded.actor;
        CONTINUE;
      END IF;
      -- A live row is only widened. Without a cutoff it matches every token: later than any cutoff.
      later := coalesce(a_through[i], 9e18) > coalesce(o.issued_through, 9e18)
        OR (a_through[i] = o.issued_through AND coalesce(a_before[i], 0) > coalesce(o.issued_before, 0));
      already[i] := coalesce(o.issued_through, 9e18) >= coalesce(a_through[i], 9e18)
        AND NOT (coalesce(o.not_before, 0) > a_revoked[i] AND coalesce(a_start[i], 0) <= a_revoked[i]);
      expiries[i] := greatest(o.expires_at, a_expires[i]);
      starts[i] := CASE WHEN o.not_before IS NULL OR a_start[i] IS NULL THEN -1
        ELSE least(o.not_before, a_start[i]) END;
      UPDATE ${schema}.revocations SET seq = o_seq, expires_at = expiries[i],
          not_before = nullif(starts[i], -1), selector = a_selector[i], target = a_target[i],
          revoked_at = CASE WHEN later THEN a_revoked[i] ELSE o.revoked_at END,
          issued_before = CASE WHEN later THEN a_before[i] ELSE o.issued_before END,
          issued_through = CASE WHEN later THEN a_through[i] ELSE o.issued_through END,
          reason = coalesce(a_reason[i], o.reason), actor = coalesce(a_actor[i], o.actor)
        WHERE namespace = a_ns AND digest = a_digest[i];
    END LOOP;`

/**
 * Applies a batch in one commit, by the rules of `Mutation`, and numbers its changes without gaps.
 *
 * The result is that of one mutation after the other. A batch of revocations of distinct digests that the
 * store does not have yet, as nearly all are, is one insert.
 */
export const applyFunction = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.apply_v1(a_store text, a_name text, a_ns int, a_tag bytea,
  a_not_after bigint, a_lock_ms int, a_tolerance bigint, a_distinct boolean, a_revoke boolean[],
  a_digest uuid[], a_expires bigint[], a_revoked bigint[], a_start bigint[], a_before bigint[],
  a_through bigint[], a_selector text[], a_target text[], a_reason text[], a_actor text[],
  OUT o_seq bigint, OUT o_tag text, OUT o_bits int, OUT o_durability text, OUT o_result text)
LANGUAGE plpgsql ${PLANS} AS $f$
#variable_conflict use_column
DECLARE
  base bigint; n int := cardinality(a_digest); tolerance bigint; o record; live boolean; later boolean;
  seqs bigint[]; expiries bigint[]; already boolean[]; starts bigint[];
BEGIN
  ${lock(schema)}
  IF ${NOW_MS} > a_not_after OR EXISTS (SELECT 1 FROM ${schema}.cancelled x WHERE x.tag = a_tag) THEN
    RAISE EXCEPTION 'the commit came too late' USING ERRCODE = '${TOO_LATE}';
  END IF;
  SELECT s.bucket_bits INTO o_bits FROM ${schema}.namespaces s WHERE s.id = a_ns AND s.name = a_name
    AND a_store = (SELECT convert_from(m.value, 'UTF8') FROM ${schema}.meta m WHERE m.key = 'id');
  IF NOT FOUND THEN RAISE EXCEPTION 'another store' USING ERRCODE = '${REPLACED}'; END IF;
  SELECT c.seq, encode(c.tag, 'hex') INTO base, o_tag FROM ${schema}.commits c ORDER BY c.seq DESC LIMIT 1;
  o_seq := base;
  o_durability := current_setting('synchronous_commit');
  -- A subquery for each digest: whatever a plan that was made on an empty table expects, it uses the key. A
  -- join, or "= ANY", would read the whole namespace with each commit until the plan is made anew.
  IF a_distinct AND NOT EXISTS (SELECT 1 FROM unnest(a_digest) AS u (d) WHERE
    (SELECT true FROM ${schema}.revocations r WHERE r.namespace = a_ns AND r.digest = u.d)) THEN
    INSERT INTO ${schema}.revocations (namespace, digest, seq, revoked, expires_at, revoked_at, not_before,
        issued_before, issued_through, selector, target, reason, actor)
      SELECT a_ns, d, base + i, true, e, r, s, b, t, se, ta, re, ac
      FROM unnest(a_digest, a_expires, a_revoked, a_start, a_before, a_through, a_selector, a_target,
        a_reason, a_actor) WITH ORDINALITY AS u (d, e, r, s, b, t, se, ta, re, ac, i);
    o_seq := base + n;
  ELSE
    ${eachByItself(schema)}
    o_result := json_build_array(seqs, expiries, already, starts)::text;
  END IF;
  IF o_seq > base THEN
    INSERT INTO ${schema}.commits VALUES (o_seq, a_tag, ${NOW_MS}, a_ns, o_bits, o_result);
  END IF;
  IF o_seq > base AND o_bits > 0 THEN
    INSERT INTO ${schema}.buckets AS b
      SELECT a_ns, ${bucketOf('a_digest[j]', 'o_bits')} AS bucket,
        max(coalesce(seqs[j], base + j)), a_tag, ''::bytea
      FROM generate_subscripts(a_digest, 1) AS j WHERE seqs IS NULL OR seqs[j] > 0 GROUP BY 2
      ON CONFLICT (namespace, bucket) DO UPDATE
      SET earlier = substr(b.tag || b.earlier, 1, ${EARLIER_TAGS * 8}), seq = excluded.seq,
        tag = excluded.tag;
  END IF;
END $f$`
