import type { Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'
import { newestRows, rowsAfter } from '../../../engine/newest-rows.js'
import type { StoredRow } from '../../../ports/index.js'
import { type ShownRow, shownRows } from '../shown-row.js'
import type { Filter } from './filter.js'

/** Rows on one page. */
export const PAGE_ROWS = 50
/** Rows looked at for one page: a rare text in a large store must not keep the server busy. */
const MOST_LOOKED_AT = 20_000
/** Names looked up for one page: who took a revocation back is one more read of the store. */
const MOST_NAMES = 1000
/** Rows whose names are looked up together. */
const BATCH_ROWS = 50

/** Where a page begins: at the newest change, or beside the row with a number. */
export type Place = { readonly before?: number } | { readonly after: number }

/** A page of the listing, newest first. */
export interface Page {
  readonly rows: readonly ShownRow[]
  /** For the page before this one; undefined for the first. */
  readonly newer: number | undefined
  /** For the page after this one; undefined for the last. */
  readonly older: number | undefined
  /** Set where so many rows were looked at that the rest was left for the next page. */
  readonly stoppedAt: number | undefined
}

/** What a page is read of. */
export interface PageQuery {
  readonly engine: Revocade
  readonly filter: Filter
  /** NumericDate seconds: what expires up to then has ended. */
  readonly liveAfter: number
}

/** Reads a page. */
export async function readPage(query: PageQuery, place: Place): Promise<Page> {
  const { store } = internalsOf(query.engine, 'readPage()')
  if ('after' in place) {
    const found = await take(rowsAfter(store, place.after), query)
    const [oldest] = found.rows
    // Else there is no full page that is newer: the newest one shows them as well.
    if (oldest !== undefined && found.next !== undefined)
      return {
        rows: found.rows.toReversed(),
        newer: found.next,
        older: oldest.seq,
        stoppedAt: undefined,
      }
    return readPage(query, {})
  }
  const { rows, next, isFull } = await take(newestRows(store, place), query)
  return {
    rows,
    newer: place.before === undefined ? undefined : (rows[0]?.seq ?? place.before - 1),
    older: next,
    stoppedAt: next === undefined || isFull ? undefined : next,
  }
}

/**
 * As many rows as a page has.
 *
 * @returns the number of the last row that was looked at, unless there are no more rows
 */
async function take(
  source: AsyncIterable<StoredRow>,
  query: PageQuery,
): Promise<{ readonly rows: ShownRow[]; readonly next: number | undefined; readonly isFull: boolean }> {
  const rows: ShownRow[] = []
  let [looked, names] = [0, 0]
  let last: number | undefined
  for await (const { seq, shown } of accepted(source, query)) {
    if (rows.length === PAGE_ROWS || looked === MOST_LOOKED_AT || names === MOST_NAMES)
      return { rows, next: last, isFull: rows.length === PAGE_ROWS }
    looked++
    last = seq
    if (shown === undefined) continue
    if (!shown.revoked) names++
    if (query.filter.isBy(shown)) rows.push(shown)
  }
  return { rows, next: undefined, isFull: rows.length === PAGE_ROWS }
}

/** All rows of a source in its order; `shown` is undefined for those that the filter leaves out. */
async function* accepted(
  source: AsyncIterable<StoredRow>,
  { engine, filter, liveAfter }: PageQuery,
): AsyncGenerator<{ readonly seq: number; readonly shown: ShownRow | undefined }, void, void> {
  for await (const batch of inBatches(source)) {
    const found = await shownRows(
      engine,
      batch.filter((row) => filter.accepts(row, liveAfter)),
    )
    const shown = new Map(found.map((row) => [row.seq, row]))
    for (const { seq } of batch) yield { seq, shown: shown.get(seq) }
  }
}

async function* inBatches(
  source: AsyncIterable<StoredRow>,
): AsyncGenerator<readonly StoredRow[], void, void> {
  let batch: StoredRow[] = []
  for await (const row of source) {
    batch.push(row)
    if (batch.length < BATCH_ROWS) continue
    yield batch
    batch = []
  }
  yield batch
}
