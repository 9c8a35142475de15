import { REPLACED, TOO_LATE } from './errors.js'
import { lock, NOW_MS, PLANS } from './sql.js'

/** How long a commit of refresh tokens can be looked for, in milliseconds, and how many a purge looks at. */
const OUTCOMES_KEPT_MS = 600_000
const OUTCOMES_PER_PURGE = 50_000
/** Pages of the table that one step of a purge reads: 4 MB. */
const PAGES_PER_PURGE = 512

/**
 * Refresh tokens, as in the SQLite store. A rotation changes no indexed column, and finds room in its page.
 * `session_commits` gives the versions, and says what became of a commit whose answer was lost.
 */
export const sessionTables = (schema: string): string => `
  CREATE TABLE ${schema}.sessions (
    namespace  int    NOT NULL,
    family     uuid   NOT NULL,
    version    bigint NOT NULL,
    sid        text   NOT NULL COLLATE "C",
    client_id  text   NOT NULL COLLATE "C",
    sub        text   NOT NULL COLLATE "C",
    created_at bigint NOT NULL,  -- milliseconds
    purge_at   bigint NOT NULL,  -- milliseconds
    state      bytea  NOT NULL,
    PRIMARY KEY (namespace, family)
  ) WITH (fillfactor = 80);
  CREATE UNIQUE INDEX sessions_login ON ${schema}.sessions (namespace, sid, client_id);
  CREATE INDEX sessions_user ON ${schema}.sessions (namespace, sub);
  CREATE TABLE ${schema}.session_salts (
    namespace int    NOT NULL,
    minute    bigint NOT NULL,  -- since 1970
    salt      bytea  NOT NULL,
    PRIMARY KEY (namespace, minute)
  );
  -- One row a group of commits: rows are added, never updated. version is the last one that it gave.
  CREATE TABLE ${schema}.session_commits (
    version bigint PRIMARY KEY,
    tag     bytea  NOT NULL,
    at      bigint NOT NULL,  -- milliseconds, by the clock of the server
    result  text   NOT NULL
  );
  INSERT INTO ${schema}.session_commits VALUES (0, '', 0, '');
`

/** Whether all conditions of the commit `c` hold. */
const holds = (schema: string): string => `NOT EXISTS (
        SELECT 1 FROM ${schema}.session_salts s WHERE s.namespace = a_ns
          AND s.minute = (c->>'minute')::bigint AND s.salt <> decode(c->>'salt', 'hex')
      ) AND NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(c->'families') AS w (family uuid, version bigint)
        WHERE w.version <> coalesce((SELECT s.version FROM ${schema}.sessions s
          WHERE s.namespace = a_ns AND s.family = w.family), 0)
      ) AND NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(c->'digests') AS w (digest uuid, seq bigint)
        WHERE w.seq <> coalesce((SELECT r.seq FROM ${schema}.revocations r
          WHERE r.namespace = a_ns AND r.digest = w.digest), 0)
      ) AND NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(c->'subs') AS w (name text, rows bigint, newest bigint)
        CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(max(s.version), 0) AS v FROM ${schema}.sessions s
          WHERE s.namespace = a_ns AND s.sub = w.name) g WHERE g.n <> w.rows OR g.v > w.newest
      ) AND NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(c->'sids') AS w (name text, rows bigint, newest bigint)
        CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(max(s.version), 0) AS v FROM ${schema}.sessions s
          WHERE s.namespace = a_ns AND s.sid = w.name) g WHERE g.n <> w.rows OR g.v > w.newest
      )`

/** Puts the rows of the commit `c`. Nearly every row only gets another state, and then no index changes. */
const putRows = (schema: string): string => `
    FOR p IN SELECT * FROM jsonb_to_recordset(c->'put') AS w (family uuid, sid text, client_id text, sub text,
        created_at bigint, purge_at bigint, state text) LOOP
      o_version := o_version + 1;
      UPDATE ${schema}.sessions s SET version = o_version, purge_at = p.purge_at,
          state = decode(p.state, 'hex')
        WHERE s.namespace = a_ns AND s.family = p.family AND s.sid = p.sid AND s.client_id = p.client_id
          AND s.sub = p.sub AND s.created_at = p.created_at;
      CONTINUE WHEN FOUND;
      DELETE FROM ${schema}.sessions s WHERE s.namespace = a_ns AND s.family = p.family;
      DELETE FROM ${schema}.sessions s
        WHERE s.namespace = a_ns AND s.sid = p.sid AND s.client_id = p.client_id;
      INSERT INTO ${schema}.sessions VALUES (a_ns, p.family, o_version, p.sid, p.client_id, p.sub,
        p.created_at, p.purge_at, decode(p.state, 'hex'));
    END LOOP;`

/**
 * Judges and makes commits of refresh tokens, one after the other, in one transaction. The mutations of each
 * are a commit of `apply_v1`. `o_result` is a JSON array: for each commit null if it was not made, else
 * what `apply_v1` returned, or an empty array.
 */
const commit = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.commit_sessions_v1(a_store text, a_name text, a_ns int, a_tag bytea,
  a_not_after bigint, a_lock_ms int, a_tolerance bigint, a_commits jsonb,
  OUT o_result text, OUT o_version bigint, OUT o_made int, OUT o_durability text)
LANGUAGE plpgsql ${PLANS} AS $f$
DECLARE base bigint; c jsonb; m jsonb; p record; applied record; results text[] := '{}';
BEGIN
  ${lock(schema)}
  IF ${NOW_MS} > a_not_after OR EXISTS (SELECT 1 FROM ${schema}.cancelled x WHERE x.tag = a_tag) THEN
    RAISE EXCEPTION 'the commit came too late' USING ERRCODE = '${TOO_LATE}';
  END IF;
  PERFORM 1 FROM ${schema}.namespaces s WHERE s.id = a_ns AND s.name = a_name
    AND a_store = (SELECT convert_from(x.value, 'UTF8') FROM ${schema}.meta x WHERE x.key = 'id');
  IF NOT FOUND THEN RAISE EXCEPTION 'another store' USING ERRCODE = '${REPLACED}'; END IF;
  SELECT s.version INTO base FROM ${schema}.session_commits s ORDER BY s.version DESC LIMIT 1;
  -- By the clock: after a failover that lost commits, no version is given a second time.
  o_version := greatest(base, ${NOW_MS} * 1000); o_made := 0;
  o_durability := current_setting('synchronous_commit');
  FOR c IN SELECT e.value FROM jsonb_array_elements(a_commits) WITH ORDINALITY AS e ORDER BY e.ordinality
  LOOP
    IF NOT (${holds(schema)}) THEN
      results := results || 'null'::text;
      CONTINUE;
    END IF;
    o_made := o_made + 1;
    ${putRows(schema)}
    IF c ? 'salt' THEN
      INSERT INTO ${schema}.session_salts
        VALUES (a_ns, (c->>'minute')::bigint, decode(c->>'salt', 'hex')) ON CONFLICT DO NOTHING;
    END IF;
    IF c ? 'drop' THEN
      DELETE FROM ${schema}.session_salts s WHERE s.namespace = a_ns AND s.minute < (c->>'drop')::bigint;
    END IF;
    m := c->'mutations';
    IF m IS NULL THEN
      results := results || '[]'::text;
      CONTINUE;
    END IF;
    SELECT * INTO applied FROM ${schema}.apply_v1(a_store, a_name, a_ns, decode(c->>'tag', 'hex'),
      a_not_after, a_lock_ms, a_tolerance, (c->>'distinct')::boolean, (m->>0)::boolean[], (m->>1)::uuid[],
      (m->>2)::bigint[], (m->>3)::bigint[], (m->>4)::bigint[], (m->>5)::bigint[], (m->>6)::bigint[],
      ARRAY(SELECT jsonb_array_elements_text(m->7)), ARRAY(SELECT jsonb_array_elements_text(m->8)),
      ARRAY(SELECT jsonb_array_elements_text(m->9)), ARRAY(SELECT jsonb_array_elements_text(m->10)));
    results := results ||
      json_build_array(applied.o_seq, applied.o_tag, applied.o_bits, null, applied.o_result)::text;
  END LOOP;
  o_result := '[' || array_to_string(results, ',') || ']';
  IF o_made > 0 THEN
    o_version := greatest(o_version, base + 1);
    INSERT INTO ${schema}.session_commits VALUES (o_version, a_tag, ${NOW_MS}, o_result);
  END IF;
END $f$`

/** What became of a group of commits; null: it was not made, and never will be. */
const outcome = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.session_outcome_v1(a_tag bytea, a_after bigint, a_lock_ms int,
  OUT o_result text, OUT o_version bigint)
LANGUAGE plpgsql ${PLANS} AS $f$
BEGIN
  ${lock(schema)}
  SELECT s.result, s.version INTO o_result, o_version FROM ${schema}.session_commits s
    WHERE s.version > a_after AND s.tag = a_tag;
  IF NOT FOUND THEN
    INSERT INTO ${schema}.cancelled VALUES (a_tag, ${NOW_MS}) ON CONFLICT DO NOTHING;
  END IF;
END $f$`

/**
 * Deletes the rows that are past their time among the next pages of the table, under the lock. `o_next` is
 * where the next step goes on: 0 at the end.
 */
const purge = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.purge_sessions_v1(a_page bigint, a_before bigint, a_lock_ms int,
  OUT o_next bigint, OUT o_deleted bigint)
LANGUAGE plpgsql ${PLANS} AS $f$
DECLARE upto bigint; pages bigint;
BEGIN
  ${lock(schema)}
  SELECT max(w.version) INTO upto FROM (SELECT s.version, s.at FROM ${schema}.session_commits s
    ORDER BY s.version LIMIT ${OUTCOMES_PER_PURGE}) w WHERE w.at < ${NOW_MS} - ${OUTCOMES_KEPT_MS};
  DELETE FROM ${schema}.session_commits s
    WHERE s.version <= upto AND s.version < (SELECT max(l.version) FROM ${schema}.session_commits l);
  pages := pg_relation_size('${schema}.sessions') / current_setting('block_size')::bigint;
  DELETE FROM ${schema}.sessions s WHERE s.ctid >= format('(%s,0)', a_page)::tid
    AND s.ctid < format('(%s,0)', a_page + ${PAGES_PER_PURGE})::tid AND s.purge_at < a_before;
  GET DIAGNOSTICS o_deleted = ROW_COUNT;
  o_next := CASE WHEN a_page + ${PAGES_PER_PURGE} < pages THEN a_page + ${PAGES_PER_PURGE} ELSE 0 END;
END $f$`

/** The functions for refresh tokens. */
export const sessionFunctions = (schema: string): string =>
  [commit(schema), outcome(schema), purge(schema)].join(';\n')
