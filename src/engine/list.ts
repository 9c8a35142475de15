import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ListQuery } from '../api.js'
import type { RevocationStore, StoredRow, StoreQuery } from '../ports/index.js'
import { asRecord, integerOption, oneOfOption, rejectUnknownKeys } from '../validate.js'

/** Rows read from the store at a time. */
const PAGE_ROWS = 256

const WHOLE_NUMBERS = [0, Number.MAX_SAFE_INTEGER] as const

/** Which rows {@link listRows} reads. */
export interface RowQuery extends Omit<StoreQuery, 'afterSeq' | 'limit'> {
  readonly afterSeq?: number
  readonly limit?: number
  /** Called before each page; what it throws ends the listing. */
  readonly beforePage?: () => void
}

/**
 * The rows of an open store in order of `seq`, without tombstones, read page by page. The event loop turns
 * between two pages, so that checks do not wait for the end of a long listing.
 */
export async function* listRows(
  store: RevocationStore,
  { afterSeq = 0, limit: left = Infinity, beforePage, ...conditions }: RowQuery = {},
): AsyncGenerator<StoredRow, void, void> {
  while (left > 0) {
    beforePage?.()
    const limit = Math.min(PAGE_ROWS, left)
    if (afterSeq > 0) await nextTurn()
    const page = await store.list({ ...conditions, afterSeq, limit })
    for (const row of page) {
      if (!row.revoked) continue
      yield row
      left--
    }
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return
    afterSeq = last.seq
  }
}

/**
 * Checks the query of a listing.
 *
 * @param liveAfter - NumericDate seconds; what expires up to then is left out, unless the query includes it
 * @throws {RevocadeError} ERR_CONFIG when a key is unknown or its value can't be used
 */
export function readListQuery(query: ListQuery, liveAfter: number): RowQuery {
  const given = asRecord(query, 'query')
  rejectUnknownKeys(given, ['kind', 'includeExpired', 'afterSeq', 'limit'], 'key')
  const { kind, includeExpired, afterSeq, limit } = query
  if (kind !== undefined) oneOfOption(kind, 'kind', ['token', 'selector'], 'token')
  return {
    afterSeq: integerOption(afterSeq, 'afterSeq', WHOLE_NUMBERS, 0),
    limit: integerOption(limit, 'limit', WHOLE_NUMBERS, Infinity),
    ...(includeExpired === true ? {} : { liveAfter }),
    ...(kind === undefined ? {} : { kind }),
  }
}
