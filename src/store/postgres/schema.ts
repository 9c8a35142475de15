import { functions } from './functions.js'
import { sessionFunctions, sessionTables } from './session-functions.js'

/**
 * One entry for each schema version; `meta` keeps the number of entries that were run. The first engine runs
 * the missing ones in one transaction, under a lock.
 *
 * @param schema The quoted name of the schema.
 */
export const migrations = (schema: string): readonly string[] => [
  `
  CREATE TABLE ${schema}.meta (key text PRIMARY KEY, value bytea NOT NULL);
  -- Its one row is locked by every writer and updated by none.
  CREATE TABLE ${schema}.lock (id int PRIMARY KEY CHECK (id = 1));
  INSERT INTO ${schema}.lock VALUES (1);
  -- One row a commit: rows are added, never updated. seq is its last change.
  CREATE TABLE ${schema}.commits (
    seq    bigint PRIMARY KEY,
    tag    bytea  NOT NULL,  -- random: it tells two histories with equal numbers apart
    at     bigint NOT NULL,  -- milliseconds, by the clock of the server
    namespace int NOT NULL,
    bits   int    NOT NULL,  -- the namespace had 2^bits buckets
    result text              -- for who lost the answer; null: each mutation made a new row, in order
  );
  INSERT INTO ${schema}.commits VALUES (0, '', 0, 0, 0);
  -- Tags of commits that nobody waits for any more: they must not come late.
  CREATE TABLE ${schema}.cancelled (tag bytea PRIMARY KEY, at bigint NOT NULL);
  CREATE TABLE ${schema}.purges (id int PRIMARY KEY CHECK (id = 1), at bigint NOT NULL);
  INSERT INTO ${schema}.purges VALUES (1, 0);
  CREATE TABLE ${schema}.namespaces (
    id          int  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name        text NOT NULL UNIQUE,
    bucket_bits int  NOT NULL DEFAULT 0  -- 2^bucket_bits buckets, by the leading bits of digests
  );
  CREATE TABLE ${schema}.revocations (
    namespace      int     NOT NULL,
    digest         uuid    NOT NULL,  -- 16 bytes in the order of buckets
    seq            bigint  NOT NULL,
    revoked        boolean NOT NULL,  -- false: a tombstone
    expires_at     bigint  NOT NULL,  -- seconds
    revoked_at     bigint  NOT NULL,  -- milliseconds
    not_before     bigint,            -- milliseconds; null: it counts at once
    issued_before  bigint,            -- milliseconds
    issued_through bigint,            -- seconds
    selector       text,              -- JSON array of claim names; null: one token
    target         text    NOT NULL,  -- JSON array, as in the SQLite store
    reason         text,
    actor          text,
    PRIMARY KEY (namespace, digest)
  );
  CREATE UNIQUE INDEX revocations_seq ON ${schema}.revocations (seq);
  -- The last change of each bucket, as in the SQLite store; none while a namespace has one bucket.
  CREATE TABLE ${schema}.buckets (
    namespace int    NOT NULL,
    bucket    int    NOT NULL,
    seq       bigint NOT NULL,
    tag       bytea  NOT NULL,
    earlier   bytea  NOT NULL,
    PRIMARY KEY (namespace, bucket)
  ) WITH (fillfactor = 50);
  ${functions(schema)};
  `,
  `
  ${sessionTables(schema)}
  ${sessionFunctions(schema)};
  `,
]
