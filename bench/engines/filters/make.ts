import { createPrefilter } from '#dist/prefilter/create.js'
import { Digested } from './digested.js'
import type { Filter } from './filter.js'
import { BloomfilterFilter, BloomFiltersFilter, SetFilter } from './peers.js'
import { RoaringFilter, SortedArray } from './prefixes.js'

/** The rate that every Bloom filter is sized for. */
export const RATE = 1e-4

/** An empty filter, how many keys it will hold, and how many of these it gets one by one in the end. */
export interface Sized {
  readonly filter: Filter
  readonly n: number
  readonly adds: number
}

/**
 * In a sorted array above this size, moving half of it takes milliseconds an insertion: it gets none one by
 * one.
 */
const MOST_TO_MOVE = 1_000_000

/**
 * All filters that are compared, for the same n keys. bloom-filters takes 10 to 40 µs for each operation at
 * any size, so it gets `slow` keys at most, and its rows say so.
 */
export async function makeFilters(n: number, slow: number, adds: number): Promise<Sized[]> {
  const kinds = ['bloom', 'trie', 'exact'] as const
  const ours = await Promise.all(
    kinds.map(async (kind) => new Digested(await createPrefilter({ kind, expectedRevocations: n }))),
  )
  const few = Math.min(n, slow)
  return [
    ...ours.map((filter) => ({ filter, n, adds })),
    { filter: new SetFilter(), n, adds },
    { filter: new BloomFiltersFilter(few, RATE), n: few, adds },
    { filter: new BloomfilterFilter(n, RATE), n, adds },
    { filter: new RoaringFilter(n), n, adds },
    { filter: new SortedArray(n), n, adds: n > MOST_TO_MOVE ? 0 : adds },
  ]
}
