import { listRows } from '../engine/list.js'
import type { RevocationStore, StoredRow } from '../ports/index.js'
import { shapeKey } from './input/targets.js'

/**
 * The most selectors read for a hint about their shapes: a store holds few as a rule, and a hint must not
 * wait.
 */
const MAX_SELECTORS_READ = 10_000

/** Which revocations of a store to read. */
export interface RowQuery {
  readonly kind?: 'token' | 'selector'
  /** Also those that have ended but are not yet purged. */
  readonly expired?: boolean
  readonly limit?: number
}

/** The revocations of an open store in order of `seq`, as they are stored and without tombstones. */
export function storedRows(
  store: RevocationStore,
  { kind, expired, limit }: RowQuery = {},
): AsyncGenerator<StoredRow, void, void> {
  return listRows(store, {
    ...(kind === undefined ? {} : { kind }),
    ...(limit === undefined ? {} : { limit }),
    ...(expired === true ? {} : { liveAfter: liveAfter(store) }),
  })
}

/** NumericDate seconds; a revocation that expires after this still counts for some engine of the store. */
export function liveAfter({ clockToleranceSeconds = 0 }: RevocationStore): number {
  return Math.floor(Date.now() / 1000) - clockToleranceSeconds
}

/** How many live selectors of each shape the store holds, by {@link shapeKey}. */
export async function selectorShapes(
  store: RevocationStore,
  limit = MAX_SELECTORS_READ,
): Promise<Map<string, number>> {
  const shapes = new Map<string, number>()
  for await (const { target } of storedRows(store, { kind: 'selector', limit })) {
    if (target.kind !== 'selector') continue
    const key = shapeKey(Object.keys(target.where))
    shapes.set(key, (shapes.get(key) ?? 0) + 1)
  }
  return shapes
}
