import { DEFAULT_CLOCK_TOLERANCE_SECONDS } from '../options.js'
import type { RevocationStore, StoredRow, StoreQuery } from '../ports/index.js'
import { shapeKey } from './input/targets.js'

/** Rows read at a time. */
const PAGE = 1000
/** Selectors looked at to find their shapes: there are few as a rule, and a hint is not worth a long wait. */
const SELECTORS_LOOKED_AT = 10_000

export interface RowQuery {
  readonly kind?: 'token' | 'selector'
  /** Also those that have ended but are not yet purged. */
  readonly expired?: boolean
  readonly limit?: number
}

/** The revocations of an opened store in order of `seq`: as they are stored, tombstones left out. */
export async function* storedRows(
  store: RevocationStore,
  query: RowQuery = {},
): AsyncGenerator<StoredRow, void, void> {
  let left = query.limit ?? Number.POSITIVE_INFINITY
  const conditions: Omit<StoreQuery, 'afterSeq' | 'limit'> = {
    ...(query.kind === undefined ? {} : { kind: query.kind }),
    ...(query.expired === true ? {} : { liveAfter: liveAfter() }),
  }
  for (let afterSeq = 0; left > 0;) {
    const limit = Math.min(PAGE, left)
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

/** A revocation that expires after this, in NumericDate seconds, is live: checks still honour it. */
export function liveAfter(): number {
  return Math.floor(Date.now() / 1000) - DEFAULT_CLOCK_TOLERANCE_SECONDS
}

/** How many live selectors of each shape the store holds, by {@link shapeKey}. */
export async function selectorShapes(
  store: RevocationStore,
  limit = SELECTORS_LOOKED_AT,
): Promise<Map<string, number>> {
  const shapes = new Map<string, number>()
  for await (const { target } of storedRows(store, { kind: 'selector', limit })) {
    if (target.kind !== 'selector') continue
    const key = shapeKey(Object.keys(target.where))
    shapes.set(key, (shapes.get(key) ?? 0) + 1)
  }
  return shapes
}
