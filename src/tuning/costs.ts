import type { CandidateOptions as Options } from './candidates.js'

/** The times of the steps of a check on some machine, in nanoseconds unless noted. */
export interface Costs {
  /** The committed figures of a benchmark machine, or the same scaled to the pace of this one. */
  readonly source: 'measured' | 'default'
  /**
   * A whole `isClearlyActive` with a Bloom filter, by the bytes of its table, ascending. It grows with the
   * table because the one cache line that is read comes from ever slower caches, in the end from memory.
   */
  readonly active: readonly (readonly [bytes: number, ns: number])[]
  /** The same with a trie, by its entries: it reads two cache lines, and searches longer in fuller leaves. */
  readonly trie: readonly (readonly [entries: number, ns: number])[]
  /** Extra time of an exact set over a Bloom filter of its size. */
  readonly exactExtra: number
  /**
   * A whole check that the verdict cache answers, that the store answers, that Redis answers. The last two
   * are without the time of the store and of Redis, and are as rare as behind a filter: their code is not
   * in the CPU cache.
   */
  readonly cached: number
  readonly storePath: number
  readonly redisPath: number
  /** A read of the store by a digest that is not there. */
  readonly storeRead: number
  /** p99 ÷ mean: of the checks that the prefilter answers (`active`), and of all others (`behind`). */
  readonly tails: { readonly active: number; readonly behind: number }
  /** Share and mean time of the checks that other work on the machine interrupts. */
  readonly interruptions: { readonly share: number; readonly ns: number }
}

/**
 * The costs on a benchmark machine. `active` is from the cases `scale` and `filter` of
 * bench/records/2026-11-22.json: checks at 1 k, 100 k, 1 M and 10 M revocations. `storeRead` is a miss in
 * better-sqlite3 12, by a 16-byte key among 300,000 rows: 1.4 to 3.8 µs. The others were timed in turns,
 * through the engine's read path with layers behind the prefilter that answer at once: `trie` with evenly
 * filled tries, the paths with a prefilter that lets one check in 32 through.
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

/**
 * The costs on a machine whose checks take `pace` times as long as those on the benchmark machine.
 *
 * @param storeRead - in nanoseconds, taken as told: it depends on what is stored where
 */
export function scaledCosts(pace: number, storeRead: number): Costs {
  const { active, trie, exactExtra, cached, storePath, redisPath } = DEFAULT_COSTS
  const scaled = (points: Costs['active']) => points.map(([size, ns]) => [size, ns * pace] as const)
  return {
    ...DEFAULT_COSTS,
    source: 'measured',
    active: scaled(active),
    trie: scaled(trie),
    exactExtra: exactExtra * pace,
    cached: cached * pace,
    storePath: storePath * pace,
    redisPath: redisPath * pace,
    storeRead,
  }
}

/** The price of a gibibyte in cores: in the cloud, 10 GiB more cost about as much as one core more. */
export const CORES_PER_GIB = 0.1

/** Nanoseconds of a check that the prefilter answers. */
export function activeNs(costs: Costs, kind: Options['kind'], bytes: number, entries: number): number {
  if (kind === 'trie') return along(costs.trie, entries)
  return along(costs.active, bytes) + (kind === 'exact' ? costs.exactExtra : 0)
}

/** Interpolates, and extrapolates upwards, linearly in the logarithm of the size. */
function along(points: readonly (readonly [size: number, ns: number])[], size: number): number {
  const first = points.at(0)
  if (first === undefined) return 0
  if (size <= first[0] || points.length === 1) return first[1]
  let at = 1
  while (at < points.length - 1 && (points.at(at)?.[0] ?? Infinity) < size) at++
  const [[x0, y0], [x1, y1]] = [points.at(at - 1) ?? first, points.at(at) ?? first]
  // Only noise makes a larger table faster.
  return Math.max(y0, y0 + ((y1 - y0) * Math.log(size / x0)) / Math.log(x1 / x0))
}
