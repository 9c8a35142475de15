/** 'Rvcd': marks an SQLite file as a store of this package (`PRAGMA application_id`). */
export const APPLICATION_ID = 0x52_76_63_64

/**
 * One entry for each schema version. The first process to open the file runs the missing ones in one
 * transaction; `PRAGMA user_version` is the number of entries that were run.
 *
 * The rowid of a row is its `seq`, so the table's b-tree is the compacted change log: writers append to it,
 * and the changes after a position are one range scan. Only the index of digests has random keys.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE revocations (
    seq            INTEGER PRIMARY KEY,
    namespace      INTEGER NOT NULL,
    digest         BLOB    NOT NULL CHECK (length(digest) = 16),
    revoked        INTEGER NOT NULL CHECK (revoked IN (0, 1)), -- 0: a tombstone
    expires_at     INTEGER NOT NULL,                           -- seconds
    revoked_at     INTEGER NOT NULL,                           -- milliseconds
    selector       TEXT,                                       -- JSON array of claim names; NULL: one token
    target         TEXT    NOT NULL,                           -- JSON array, see mutation-codec.ts
    issued_before  INTEGER,                                    -- milliseconds
    issued_through INTEGER,                                    -- seconds
    reason         TEXT,
    actor          TEXT,
    UNIQUE (namespace, digest)
  ) STRICT;
  CREATE TABLE head (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    seq   INTEGER NOT NULL,
    epoch TEXT    NOT NULL
  ) STRICT;
  INSERT INTO head VALUES (1, 0, '');
  CREATE TABLE epochs (start_seq INTEGER PRIMARY KEY, epoch TEXT NOT NULL) STRICT;
  CREATE TABLE namespaces (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- 2^bucket_bits buckets, by the leading bits of digests
  ALTER TABLE namespaces ADD COLUMN bucket_bits INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE buckets (
    namespace INTEGER NOT NULL,
    bucket    INTEGER NOT NULL,
    seq       INTEGER NOT NULL,                           -- of the last change in it
    tag       BLOB    NOT NULL CHECK (length(tag) = 8),   -- of the commit that made that change
    earlier   BLOB    NOT NULL,                           -- tags before it, newest first, at most 7
    PRIMARY KEY (namespace, bucket)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO buckets
    SELECT namespaces.id, 0, head.seq, randomblob(8), x'' FROM namespaces, head WHERE head.seq > 0;
  ALTER TABLE head ADD COLUMN tag BLOB NOT NULL DEFAULT x'';
  -- A process that still runs code of schema version 1 would commit without touching the buckets:
  -- its commits must fail.
  CREATE TRIGGER head_takes_a_tag BEFORE UPDATE ON head WHEN NEW.tag IS OLD.tag
  BEGIN SELECT raise(ABORT, 'the store has a newer schema: update and restart this process'); END;
  `,
  `
  ALTER TABLE revocations ADD COLUMN not_before INTEGER; -- milliseconds; NULL: it counts at once
  -- A process that still runs code of an earlier schema version would leave a later start where it
  -- acknowledges a revocation that counts at once: its commits must fail.
  ALTER TABLE head ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
  DROP TRIGGER head_takes_a_tag;
  CREATE TRIGGER head_counts_commits BEFORE UPDATE ON head WHEN NEW.commits IS OLD.commits
  BEGIN SELECT raise(ABORT, 'the store has a newer schema: update and restart this process'); END;
  `,
  `
  CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY,
    namespace  INTEGER NOT NULL,
    family     BLOB    NOT NULL CHECK (length(family) = 16),
    version    INTEGER NOT NULL, -- greater than that of any row written before
    sid        ANY     NOT NULL, -- text; a UUID in lower case is kept as its 16 bytes
    client_id  ANY     NOT NULL, -- likewise
    sub        ANY     NOT NULL, -- likewise
    created_at INTEGER NOT NULL, -- milliseconds
    purge_at   INTEGER NOT NULL, -- milliseconds
    state      BLOB    NOT NULL,
    UNIQUE (namespace, family),
    UNIQUE (namespace, sid, client_id)
  ) STRICT;
  CREATE INDEX sessions_of_user ON sessions (namespace, sub);
  CREATE TABLE session_salts (
    namespace INTEGER NOT NULL,
    minute    INTEGER NOT NULL, -- since 1970
    salt      BLOB    NOT NULL,
    PRIMARY KEY (namespace, minute)
  ) STRICT, WITHOUT ROWID;
  -- A process that still runs code of schema version 3 does no harm: it neither reads nor writes these
  -- tables, it counts its commits, and whoever commits refresh tokens sees what it revokes.
  `,
]

/** The schema version that this code reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length
