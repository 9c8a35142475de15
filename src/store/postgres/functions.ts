import { applyFunction } from './apply-function.js'
import { bucketFunctions } from './bucket-functions.js'
import { bucketOf, lock, NOW_MS, PLANS, tagOf, versionsOf } from './sql.js'

// Each operation on the server is one function: its plans are kept by the server's connection, whoever is
// connected to it, and so they are kept behind a pooler. A function's name has its version: engines of two
// versions of this package may use one store.

/** Milliseconds between two purges of one store, whichever engine makes them. */
const PURGE_EVERY_MS = 60_000
/** Rows examined in one step of a purge: few milliseconds, so that no commit waits long for it. */
const PURGE_ROWS = 8192
/** Commits younger than this are kept, and so many at least. A follower whose position is older rebuilds. */
const COMMITS_KEPT_MS = 86_400_000
const COMMITS_KEPT = 1_000_000

/**
 * Whether the commit with a tag stands. If not, it never will: the tag is cancelled. As a commit of its own,
 * durable as any, it also makes durable what it finds.
 */
const outcome = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.outcome_v1(a_tag bytea, a_after bigint, a_lock_ms int,
  OUT o_seq bigint, OUT o_base bigint, OUT o_previous text, OUT o_bits int, OUT o_result text)
LANGUAGE plpgsql ${PLANS} AS $f$
BEGIN
  ${lock(schema)}
  SELECT c.seq, c.bits, c.result INTO o_seq, o_bits, o_result FROM ${schema}.commits c
    WHERE c.seq > a_after AND c.tag = a_tag;
  IF FOUND THEN
    SELECT c.seq, encode(c.tag, 'hex') INTO o_base, o_previous FROM ${schema}.commits c WHERE c.seq < o_seq
      ORDER BY c.seq DESC LIMIT 1;
  ELSE
    INSERT INTO ${schema}.cancelled VALUES (a_tag, ${NOW_MS}) ON CONFLICT DO NOTHING;
  END IF;
END $f$`

/**
 * The head, and the changes after a position if there are any: all from one snapshot, that of the call. Where
 * statements can't be prepared, an idle poll is this function only, which therefore is one statement, with as
 * few settings as it needs.
 */
const poll = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.poll_v1(a_name text, a_after bigint, a_after_tag text, a_seen bigint,
  a_limit int, a_buckets boolean,
  OUT o_replica boolean, OUT o_store text, OUT o_ns int, OUT o_seq bigint, OUT o_tag text,
  OUT o_tolerance bigint, OUT o_now bigint, OUT o_after_tag text, OUT o_seen_tag text, OUT o_last_tag text,
  OUT o_changes json, OUT o_bits int, OUT o_versions json)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $f$
BEGIN
  SELECT pg_is_in_recovery(), ${NOW_MS}, c.seq, encode(c.tag, 'hex'), s.id, s.bucket_bits,
    (SELECT convert_from(m.value, 'UTF8') FROM ${schema}.meta m WHERE m.key = 'id'),
    (SELECT convert_from(m.value, 'UTF8')::bigint FROM ${schema}.meta m WHERE m.key = 'clock_tolerance')
  INTO o_replica, o_now, o_seq, o_tag, o_ns, o_bits, o_store, o_tolerance
  FROM (SELECT seq, tag FROM ${schema}.commits ORDER BY seq DESC LIMIT 1) c
    LEFT JOIN ${schema}.namespaces s ON s.name = a_name;
  IF o_seq = a_after AND a_seen = a_after AND o_tag = a_after_tag THEN RETURN; END IF;
  SELECT * INTO o_after_tag, o_seen_tag, o_last_tag, o_changes, o_versions
    FROM ${schema}.changes_v1(o_ns, o_bits, o_seq, a_after, a_seen, a_limit, a_buckets);
END $f$`

/** What is new at the head since a position. */
const changes = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.changes_v1(a_ns int, a_bits int, a_head bigint, a_after bigint,
  a_seen bigint, a_limit int, a_buckets boolean,
  OUT o_after_tag text, OUT o_seen_tag text, OUT o_last_tag text, OUT o_changes json, OUT o_versions json)
LANGUAGE plpgsql STABLE ${PLANS} AS $f$
BEGIN
  o_after_tag := ${tagOf(schema, 'a_after')};
  o_seen_tag := ${tagOf(schema, 'a_seen')};
  IF a_after < a_head THEN
    WITH page AS MATERIALIZED (
      SELECT r.seq, r.namespace, r.digest, r.revoked, r.expires_at, r.selector
      FROM ${schema}.revocations r WHERE r.seq > a_after ORDER BY r.seq LIMIT a_limit
    ), own AS (SELECT * FROM page WHERE namespace = a_ns),
    last AS (SELECT max(seq) AS seq FROM page HAVING count(*) >= a_limit),
    versions AS (
      SELECT v.bucket, v.seq, encode(v.tag, 'hex') AS tag FROM (${versionsOf(schema, 'a_ns', 'a_bits')}) v
      WHERE a_buckets AND v.bucket IN (SELECT ${bucketOf('own.digest', 'a_bits')} FROM own)
    )
    SELECT json_build_array((SELECT seq FROM last), (SELECT json_agg(json_build_array(seq,
        encode(uuid_send(digest), 'hex'), revoked, expires_at, selector) ORDER BY seq) FROM own)),
      (SELECT json_agg(json_build_array(bucket, seq, tag)) FROM versions),
      ${tagOf(schema, '(SELECT seq FROM last)')}
    INTO o_changes, o_versions, o_last_tag;
  END IF;
END $f$`

/**
 * Deletes expired rows among the next ones in order of `seq`, under the lock: a commit reads the row that
 * it widens. `o_last` is null after the last row, and when another engine has purged a moment ago.
 */
const purge = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.purge_v1(a_after bigint, a_force boolean, a_lock_ms int,
  a_expired_before bigint, a_tolerance bigint, OUT o_last bigint, OUT o_deleted bigint)
LANGUAGE plpgsql ${PLANS} AS $f$
DECLARE kept bigint;
BEGIN
  ${lock(schema)}
  o_deleted := 0;
  IF a_after = 0 THEN
    UPDATE ${schema}.purges SET at = ${NOW_MS}
      WHERE id = 1 AND (a_force OR at < ${NOW_MS} - ${PURGE_EVERY_MS});
    IF NOT FOUND THEN RETURN; END IF;
    SELECT max(c.seq) - ${COMMITS_KEPT} INTO kept FROM ${schema}.commits c;
    -- The last one of a namespace is the version of its one bucket.
    IF EXISTS (SELECT 1 FROM ${schema}.commits c WHERE c.seq > 0 AND c.seq < kept) THEN
      DELETE FROM ${schema}.commits c WHERE c.seq < kept AND c.at < ${NOW_MS} - ${COMMITS_KEPT_MS}
        AND c.seq NOT IN (SELECT max(l.seq) FROM ${schema}.commits l GROUP BY l.namespace);
    END IF;
    DELETE FROM ${schema}.cancelled x WHERE x.at < ${NOW_MS} - ${COMMITS_KEPT_MS};
  END IF;
  SELECT max(seq) INTO o_last FROM
    (SELECT r.seq FROM ${schema}.revocations r WHERE r.seq > a_after ORDER BY r.seq LIMIT ${PURGE_ROWS}) w;
  IF o_last IS NULL THEN RETURN; END IF;
  DELETE FROM ${schema}.revocations r WHERE r.seq > a_after AND r.seq <= o_last AND r.expires_at <
    a_expired_before - greatest(0, coalesce((SELECT convert_from(m.value, 'UTF8')::bigint
      FROM ${schema}.meta m WHERE m.key = 'clock_tolerance'), 0) - a_tolerance);
  GET DIAGNOSTICS o_deleted = ROW_COUNT;
END $f$`

/** The functions of schema version 1. */
export const functions = (schema: string): string =>
  [
    applyFunction(schema),
    outcome(schema),
    changes(schema),
    poll(schema),
    purge(schema),
    ...bucketFunctions(schema),
  ].join(';\n')
