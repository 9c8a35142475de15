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
  /** What the other kinds take more whatever their size, and how many times more than Bloom's one line they wait for memory. */
  readonly kinds: Readonly<Record<CandidateKind, { readonly extra: number; readonly lines: number }>>
  /** A whole check that the verdict cache answers; that the store answers; that Redis answers: the latter two without their own time. */
  readonly cached: number
  readonly storePath: number
  readonly redisPath: number
  /** A read of the store by digest, that finds nothing. */
  readonly storeRead: number
  /** p99 ÷ p50 of single checks that L0 answers, and of those that something behind it answers. */
  readonly tails: { readonly active: number; readonly behind: number }
}

/** One step along a leaf of the trie, when it is in the cache. */
const STEP_NS = 1.5

/**
 * `active`: the cases `scale` and `filter` of bench/records/2026-11-22.json: checks at 1 k, 100 k, 1 M and 10 M revocations, with the tables
 * that they had. The rest: `revocade tune`'s own calibration on a machine like that one.
 * `lines`: fits of the read path over filters of 16 k to 8 M entries, 0.3 to 190 MiB, each timed in turn with a Bloom filter.
 * `storeRead`: better-sqlite3 12, by a 16-byte key in 300,000 rows, a miss: 1.4 to 3.8 µs.
 */
export const DEFAULT_COSTS: Costs = {
  source: 'default',
  active: [[275_000, 300], [550_000, 311], [5_500_000, 380], [55_000_000, 566]],
  kinds: { bloom: { extra: 0, lines: 1 }, trie: { extra: 70, lines: 1.2 }, exact: { extra: 30, lines: 1 } },
  cached: 1200,
  storePath: 2500,
  redisPath: 3500,
  storeRead: 3800,
  tails: { active: 3, behind: 3 },
}

/** What a gibibyte costs, in cores: memory-optimised cloud machines ask about as much for 10 GiB more as for one core more. */
export const CORES_PER_GIB = 0.1

/** A check that L0 answers: linear in the logarithm of the table's size between what is known, and beyond it. */
export function activeNs(costs: Costs, kind: CandidateKind, bytes: number, entries: number): number {
  const { extra, lines } = costs.kinds[kind]
  const least = costs.active[0]?.[1] ?? 0
  const walk = kind === 'trie' ? STEP_NS * Math.sqrt(entries / 65_536) : 0
  return least + extra + walk + lines * (along(costs.active, bytes) - least)
}

function along(points: Costs['active'], bytes: number): number {
  const first = points.at(0)
  if (first === undefined) return 0
  if (bytes <= first[0] || points.length === 1) return first[1]
  let at = 1
  while (at < points.length - 1 && points[at][0] < bytes) at++
  const [[x0, y0], [x1, y1]] = [points[at - 1], points[at]]
  // Noise may make a larger table look faster. It is not.
  return Math.max(y0, y0 + ((y1 - y0) * Math.log(bytes / x0)) / Math.log(x1 / x0))
}
