import type { Connection } from '../file/driver.js'

/** Rows looked at in one step: about a millisecond, so that no commit waits long behind a purge. */
const WINDOW = 8192
/** Newest epochs kept. A follower from before them rebuilds. */
const EPOCHS_KEPT = 65_536

/**
 * Deletes what expired long enough ago, a window of the log at a time; each `next()` is one step and one
 * transaction, and yields how many rows it deleted. The head stays where it is: purged rows are no gap.
 */
export function* purgeExpired(db: Connection, expiredBefore: number): Generator<number, void, void> {
  const windowEnd = db
    .prepare<[after: number], number | null>(
      `SELECT max(seq) FROM (SELECT seq FROM revocations WHERE seq > ? ORDER BY seq LIMIT ${WINDOW})`,
    )
    .pluck()
  const remove = db.prepare<[after: number, upTo: number, expiredBefore: number]>(
    'DELETE FROM revocations WHERE seq > ? AND seq <= ? AND expires_at < ?',
  )
  let after = 0
  for (;;) {
    const upTo = windowEnd.get(after) ?? null
    if (upTo === null) break
    yield remove.run(after, upTo, expiredBefore).changes
    after = upTo
  }
  db.prepare(
    `
    DELETE FROM epochs WHERE start_seq <
      (SELECT start_seq FROM epochs ORDER BY start_seq DESC LIMIT 1 OFFSET ${EPOCHS_KEPT - 1})
  `,
  ).run()
}
