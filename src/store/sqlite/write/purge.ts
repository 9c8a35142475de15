import type { Connection } from '../file/driver.js'
import { TOLERANCE_SQL } from '../file/tolerance.js'

/** Rows examined in one step: about 1 ms, so that no commit waits long for a purge. */
const ROWS_PER_STEP = 8192
/** The newest epochs are kept. A follower whose position is older rebuilds. */
const EPOCHS_KEPT = 65_536

/** Which rows a purge deletes. */
export interface PurgeTask {
  readonly type: 'purge'
  /** NumericDate seconds: rows that expire earlier are deleted. */
  readonly expiredBefore: number
  /** The tolerance that `expiredBefore` counts with. Where the store's is larger, rows stay for longer. */
  readonly toleranceSeconds: number
}

/**
 * Deletes expired rows in order of `seq`. Each `next()` is one step, to be run in a transaction, and
 * yields the number of deleted rows. The head does not move: purged rows are no gap.
 */
export function* purgeExpired(db: Connection, task: PurgeTask): Generator<number, void, void> {
  const windowEnd = db
    .prepare<[after: number], number | null>(
      `SELECT max(seq) FROM (SELECT seq FROM revocations WHERE seq > ? ORDER BY seq LIMIT ${ROWS_PER_STEP})`,
    )
    .pluck()
  const remove = db.prepare<[after: number, upTo: number, expiredBefore: number, tolerance: number]>(
    `DELETE FROM revocations
      WHERE seq > ? AND seq <= ? AND expires_at < ? - max(0, ${TOLERANCE_SQL} - ?)`,
  )
  let after = 0
  for (;;) {
    const upTo = windowEnd.get(after) ?? null
    if (upTo === null) break
    yield remove.run(after, upTo, task.expiredBefore, task.toleranceSeconds).changes
    after = upTo
  }
  db.prepare(
    `
    DELETE FROM epochs WHERE start_seq <
      (SELECT start_seq FROM epochs ORDER BY start_seq DESC LIMIT 1 OFFSET ${EPOCHS_KEPT - 1})
  `,
  ).run()
}
