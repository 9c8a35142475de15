import { EARLIER_TAGS, lock, PLANS, versionsOf } from './sql.js'

/**
 * One bucket from one snapshot: the changes since a version if the bucket's recent history has its tag,
 * otherwise the whole bucket if it has at most `a_max` rows. An entry that starts later must not revoke by
 * itself: its expiry is 0.
 */
const read = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.bucket_v1(a_name text, a_ns int, a_bucket int, a_since text, 
  a_after bigint, a_from uuid, a_to uuid, a_max int,
  OUT o_replica boolean, OUT o_store text, OUT o_ns int, OUT o_bits int, OUT o_seq bigint, OUT o_tag text,
  OUT o_known boolean, OUT o_rows bigint, OUT o_entries json)
LANGUAGE plpgsql STABLE ${PLANS} AS $f$
DECLARE earlier bytea;
BEGIN
  o_replica := pg_is_in_recovery();
  SELECT convert_from(m.value, 'UTF8') INTO o_store FROM ${schema}.meta m WHERE m.key = 'id';
  SELECT s.id, s.bucket_bits INTO o_ns, o_bits FROM ${schema}.namespaces s WHERE s.name = a_name;
  SELECT v.seq, encode(v.tag, 'hex') INTO o_seq, o_tag FROM (${versionsOf(schema, 'a_ns', 'o_bits')}) v
    WHERE v.bucket = a_bucket;
  IF o_bits = 0 THEN
    SELECT string_agg(c.tag, '') INTO earlier FROM (SELECT tag FROM ${schema}.commits
      WHERE namespace = a_ns ORDER BY seq DESC LIMIT ${EARLIER_TAGS + 1}) c;
  ELSE
    SELECT b.tag || b.earlier INTO earlier FROM ${schema}.buckets b
      WHERE b.namespace = a_ns AND b.bucket = a_bucket;
  END IF;
  o_known := false;
  FOR i IN 0..coalesce(length(earlier), 0) / 8 - 1 LOOP
    o_known := o_known OR encode(substr(earlier, i * 8 + 1, 8), 'hex') = a_since;
  END LOOP;
  o_known := o_known OR coalesce(a_since = '0000000000000000' AND o_seq IS NULL, false);
  SELECT count(*) INTO o_rows FROM ${schema}.revocations r
    WHERE r.namespace = a_ns AND r.digest >= a_from AND (a_to IS NULL OR r.digest < a_to);
  IF NOT o_known AND o_rows > a_max THEN RETURN; END IF;
  SELECT json_agg(json_build_array(encode(uuid_send(r.digest), 'hex'), r.revoked,
      CASE WHEN r.not_before IS NULL THEN r.expires_at ELSE 0 END, r.issued_through)) INTO o_entries
    FROM ${schema}.revocations r
    WHERE r.namespace = a_ns AND r.digest >= a_from AND (a_to IS NULL OR r.digest < a_to)
      AND CASE WHEN o_known THEN r.seq > a_after ELSE r.revoked END;
END $f$`

/** Splits a namespace into 2^a_bits buckets. Each part inherits the version of the bucket it was part of. */
const split = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.split_v1(a_ns int, a_bits int, a_lock_ms int)
RETURNS void LANGUAGE plpgsql ${PLANS} AS $f$
#variable_conflict use_column
DECLARE now_bits int; parts int; bucket int[]; seqs bigint[]; tags bytea[]; earlier bytea[];
BEGIN
  ${lock(schema)}
  SELECT s.bucket_bits INTO now_bits FROM ${schema}.namespaces s WHERE s.id = a_ns;
  IF a_bits <= now_bits THEN RETURN; END IF;
  parts := 2 ^ (a_bits - now_bits);
  SELECT array_agg(v.bucket), array_agg(v.seq), array_agg(v.tag), array_agg(coalesce(b.earlier, ''::bytea))
    INTO bucket, seqs, tags, earlier
    FROM (${versionsOf(schema, 'a_ns', 'now_bits')}) v
    LEFT JOIN ${schema}.buckets b ON b.namespace = a_ns AND b.bucket = v.bucket AND now_bits > 0;
  DELETE FROM ${schema}.buckets b WHERE b.namespace = a_ns;
  INSERT INTO ${schema}.buckets
    SELECT a_ns, w.b * parts + p, w.s, w.t, w.e
    FROM unnest(bucket, seqs, tags, earlier) AS w (b, s, t, e), generate_series(0, parts - 1) AS p;
  UPDATE ${schema}.namespaces s SET bucket_bits = a_bits WHERE s.id = a_ns;
END $f$`

/** The functions that feed a prefix cache. */
export const bucketFunctions = (schema: string): readonly string[] => [read(schema), split(schema)]
