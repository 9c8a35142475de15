import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RevocationStore, StoredRow } from '../ports/index.js'
import { isMark } from './marks.js'

/** Rows read from the store at a time. */
const PAGE_ROWS = 256

/** Which end of the changes to begin from. */
export interface NewestQuery {
  /**
   * Only changes before this sequence number.
   *
   * @default all
   */
  readonly before?: number | undefined
}

/**
 * The rows of an open store from the newest to the oldest, with those that have ended and with tombstones,
 * but without marks. A store lists upwards only, so this reads one range of numbers after the other. The
 * ranges grow where there are few rows. The event loop turns between two of them.
 *
 * A row that is changed meanwhile gets a new number, and is then missing here.
 */
export async function* newestRows(
  store: RevocationStore,
  { before }: NewestQuery = {},
): AsyncGenerator<StoredRow, void, void> {
  let to = before === undefined ? await newestSeq(store) : before - 1
  let span = PAGE_ROWS
  while (to > 0) {
    const afterSeq = Math.max(0, to - span)
    const page = await store.list({ afterSeq, limit: PAGE_ROWS })
    const last = page.at(-1)
    if (page.length === PAGE_ROWS && last !== undefined && last.seq < to) {
      // More than one page in this range: what is nearest to its end would be missing.
      span = PAGE_ROWS
      continue
    }
    const rows = page.filter(({ seq }) => seq <= to)
    for (const row of rows.toReversed()) if (!isMark(row)) yield row
    if (rows.length < PAGE_ROWS / 4) span *= 2
    to = afterSeq
    await nextTurn()
  }
}

/** The rows after a sequence number, oldest first, otherwise as {@link newestRows}. */
export async function* rowsAfter(
  store: RevocationStore,
  afterSeq: number,
): AsyncGenerator<StoredRow, void, void> {
  for (let after = afterSeq; ;) {
    const page = await store.list({ afterSeq: after, limit: PAGE_ROWS })
    for (const row of page) if (!isMark(row)) yield row
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE_ROWS) return
    after = last.seq
    await nextTurn()
  }
}

/** The row with a sequence number; undefined when there is none any more. */
export async function rowAt(store: RevocationStore, seq: number): Promise<StoredRow | undefined> {
  const [row] = await store.list({ afterSeq: seq - 1, limit: 1 })
  return row?.seq === seq && !isMark(row) ? row : undefined
}

/** The number of the newest row. What `stats()` says may be that of the last poll. */
async function newestSeq(store: RevocationStore): Promise<number> {
  let newest = store.stats().seq
  for (;;) {
    const page = await store.list({ afterSeq: newest, limit: PAGE_ROWS })
    newest = page.at(-1)?.seq ?? newest
    if (page.length < PAGE_ROWS) return newest
  }
}
