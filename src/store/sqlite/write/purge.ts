import type { Connection } from '../file/driver.js'

/** Rows examined in one step: about 1 ms, so that no commit waits long for a purge. */
const ROWS_PER_STEP = 8192
/** The newest epochs are kept. A follower whose position is older rebuilds. */
const EPOCHS_KEPT = 65_536

/**
 * Deletes the rows that expired before a time (NumericDate seconds), in order of `seq`. Each `next()` is one
 * step and one transaction, and yields the number of deleted rows. The head does not move: purged rows are no
 * gap.
 */
export function* purgeExpired(db: Connection, expiredBefore: number): Generator<number, void, void> {
  const windowEnd = db
    .prepare<[after: number], number | null>(
      `SELECT max(seq) FROM (SELECT seq FROM revocations WHERE seq > ? ORDER BY seq LIMIT ${ROWS_PER_STEP})`,
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
