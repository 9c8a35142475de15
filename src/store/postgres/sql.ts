import { REPLICA } from './errors.js'

// Pieces of the functions on the server.

/** Versions remembered for each bucket. From any of them, a reader gets only the later changes. */
export const EARLIER_TAGS = 7

/** The plans must not depend on how large the tables were when a connection made them. */
export const PLANS = `SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off`

/** Milliseconds since 1970, by the clock of the server. */
export const NOW_MS = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** The bucket of a digest, of 2^bits: the leading bits of its bytes. */
export const bucketOf = (digest: string, bits: string): string =>
  `(('x' || left(encode(uuid_send(${digest}), 'hex'), 6))::bit(24)::int >> (24 - ${bits}))`

/**
 * The versions of all buckets. While there is one bucket, its version is the namespace's last commit: a row
 * that each commit updated would slow down commits while anybody keeps a snapshot open.
 */
export const versionsOf = (schema: string, namespace: string, bits: string): string => `
  (SELECT 0 AS bucket, c.seq, c.tag FROM ${schema}.commits c
    WHERE ${bits} = 0 AND c.namespace = ${namespace} ORDER BY c.seq DESC LIMIT 1)
  UNION ALL
  SELECT b.bucket, b.seq, b.tag FROM ${schema}.buckets b WHERE ${bits} > 0 AND b.namespace = ${namespace}`

/**
 * The head, as the first columns of `poll_v1`: whether the server is a replica, the store, the namespace, the
 * newest change and its tag, the tolerance, and the server's time. $1 is the name of the namespace.
 */
export const headOf = (schema: string): string => `
  SELECT pg_is_in_recovery(), (SELECT convert_from(m.value, 'UTF8') FROM ${schema}.meta m WHERE m.key = 'id'),
    (SELECT s.id FROM ${schema}.namespaces s WHERE s.name = $1), c.seq, encode(c.tag, 'hex'),
    (SELECT convert_from(m.value, 'UTF8') FROM ${schema}.meta m WHERE m.key = 'clock_tolerance'), ${NOW_MS}
  FROM ${schema}.commits c ORDER BY c.seq DESC LIMIT 1`

/** The tag of the commit that made a change. */
export const tagOf = (schema: string, seq: string): string =>
  `(SELECT encode(c.tag, 'hex') FROM ${schema}.commits c WHERE c.seq >= ${seq} ORDER BY c.seq LIMIT 1)`

/**
 * Takes the lock that every writer of a store takes, and forces durability. The row is locked and never
 * updated: a version of it for each commit would slow down every read while anybody keeps a snapshot open.
 */
export const lock = (schema: string): string => `
  IF pg_is_in_recovery() THEN RAISE EXCEPTION 'the server is a replica' USING ERRCODE = '${REPLICA}'; END IF;
  -- The statements after the lock must see what was committed while it was waited for.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'not a transaction of READ COMMITTED' USING ERRCODE = 'RV004';
  END IF;
  IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM set_config('lock_timeout', a_lock_ms::text, true);
  PERFORM 1 FROM ${schema}.lock WHERE id = 1 FOR UPDATE;`
