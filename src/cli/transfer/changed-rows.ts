import type { RevocationStore, StoredRow } from '../../ports/index.js'

/** Rows of one page: also the mutations of one commit. */
const PAGE_ROWS = 1000

/**
 * The rows of an open store, tombstones included, in pages and in order of `seq`. A row that changes
 * meanwhile moves to the end, so the last word on each target is the state at the end of the reading.
 *
 * @param afterSeq - only rows that changed after this
 * @param liveAfter - only rows that expire after this, in NumericDate seconds
 */
export async function* changedRows(
  store: RevocationStore,
  afterSeq: number,
  liveAfter: number,
): AsyncGenerator<readonly StoredRow[], void, void> {
  for (let after = afterSeq; ;) {
    const page = await store.list({ afterSeq: after, limit: PAGE_ROWS, liveAfter })
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = last.seq
  }
}
