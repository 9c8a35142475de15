import type { CandidateKind } from './candidates.js'

/** What each step takes on some machine. Nanoseconds unless it says otherwise. */
export interface Costs {
  /** Measured on this machine just now, or the figures of the committed benchmark record. */
  readonly source: 'measured' | 'default'
  /**
   * A whole `isClearlyActive` with a Bloom filter, by the size of its table in bytes, ascending: digest, clock, one cache line.
   * What grows is the wait for that line, from the nearest cache to memory.
   */
  readonly active: readonly (readonly [bytes: number, ns: number])[]
  /** The same with a trie, by the entries in it: it waits for two lines, and the more there are in a leaf, the further it searches there. */
  readonly trie: readonly (readonly [entries: number, ns: number])[]
  /** What an exact set takes more than a Bloom filter of its size. */
  readonly exactExtra: number
  /**
   * A whole check that the verdict cache answers; that the store answers; that Redis answers: the latter two without their own time, and as
   * seldom as a filter lets them through, so that not all they need is in the processor's caches.
   */
  readonly cached: number
  readonly storePath: number
  readonly redisPath: number
  /** A read of the store by digest, that finds nothing. */
  readonly storeRead: number
  /** p99 ÷ mean of the checks that the prefilter answers (`active`), and of all others (`behind`). */
  readonly tails: { readonly active: number; readonly behind: number }
  /** The share of checks in which something else takes the processor or the memory for a moment, and what they take then. */
  readonly interruptions: { readonly share: number; readonly ns: number }
}

/**
 * `active`: the cases `scale` and `filter` of bench/records/2026-11-22.json: checks at 1 k, 100 k, 1 M and 10 M revocations, with the tables
 * that they had. The rest: `revocade tune`'s own calibration on a machine like that one, `trie` as what it took more than a Bloom filter of its size, timed in turns.
 * `storeRead`: better-sqlite3 12, by a 16-byte key in 300,000 rows, a miss: 1.4 to 3.8 µs.
 */
export const DEFAULT_COSTS: Costs = {
  source: 'default',
  active: [
    [275_000, 300],
    [550_000, 311],
    [5_500_000, 380],
    [55_000_000, 566],
  ],
  trie: [
    [131_072, 370],
    [1_048_576, 420],
    [4_194_304, 510],
    [10_000_000, 605],
    [20_000_000, 685],
    [40_000_000, 760],
  ],
  exactExtra: 30,
  cached: 1200,
  storePath: 2500,
  redisPath: 3500,
  storeRead: 3800,
  tails: { active: 1.8, behind: 3 },
  interruptions: { share: 6e-4, ns: 40_000 },
}

/** What a gibibyte costs, in cores: memory-optimised cloud machines ask about as much for 10 GiB more as for one core more. */
export const CORES_PER_GIB = 0.1

/** Nanoseconds of a check that the prefilter answers. */
export function activeNs(costs: Costs, kind: CandidateKind, bytes: number, entries: number): number {
  if (kind === 'trie') return along(costs.trie, entries)
  return along(costs.active, bytes) + (kind === 'exact' ? costs.exactExtra : 0)
}

/** Linear in the logarithm of the size between what is known, and beyond it. */
function along(points: readonly (readonly [size: number, ns: number])[], size: number): number {
  const first = points.at(0)
  if (first === undefined) return 0
  if (size <= first[0] || points.length === 1) return first[1]
  let at = 1
  while (at < points.length - 1 && points[at][0] < size) at++
  const [[x0, y0], [x1, y1]] = [points[at - 1], points[at]]
  // Noise may make a larger table look faster. It is not.
  return Math.max(y0, y0 + ((y1 - y0) * Math.log(size / x0)) / Math.log(x1 / x0))
}
