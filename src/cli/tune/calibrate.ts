import type { Prefilter } from '../../ports/index.js'
import { NoPrefilter } from '../../prefilter/none.js'
import { BLOCK_BITS } from '../../prefilter/sizing.js'
import { activeNs, type Costs, DEFAULT_COSTS } from '../../tuning/costs.js'
import { digestSource } from './digests.js'
import { REFERENCE_BYTES } from './machine-drift.js'
import { evenTrie, EXACT_ENTRIES, exactSet, halfFullBloom, RarePrefilter } from './made-filters.js'
import { ReadPath } from './read-path.js'
import { ascending, mean, median, quantile } from './statistics.js'
import { timeChecks, type TokenSource } from './timing.js'

/** Bytes of the Bloom filters that are timed: from what fits the CPU caches to what does not. */
const TABLES = [REFERENCE_BYTES, 2 ** 22, 2 ** 24, 2 ** 26] as const
/** Entries of the tries that are timed. */
const TRIES = [2 ** 17, 2 ** 20, 2 ** 23, 2 ** 25] as const
/** The largest table or trie is at most this many times larger than the largest candidate. */
const BEYOND = 16
/** Rounds before those that count: the engine's code is compiled meanwhile. */
const WARM_UP = 2
/** Each round times every subject, so that other work on the machine slows all of them alike. */
const ROUNDS = 7
/** Rounds that are always timed, however long they take. */
const FEWEST_ROUNDS = 2
/**
 * Checks a round that are timed as a whole, and again one by one. All rounds take a second or two on an
 * idle machine.
 */
const CHECKS = 2048
/**
 * Warms the CPU cache before timing: probes up to this many cache lines. Other subjects evicted them; in a
 * service the filter stays warm.
 */
const MAX_WARMUP_PROBES = 131_072
/** A check that takes this many times the median was interrupted. */
const INTERRUPTED = 10
const CACHE_ENTRIES = 10_000

/** What is timed: checks of the tokens of a source through a read path with a prefilter. */
interface Subject {
  readonly path: ReadPath
  readonly prefilter: Prefilter
  readonly source: TokenSource
  /** Mean of each round. */
  readonly means: number[]
  /** p99 ÷ mean of each round. Over all rounds together it would include the machine's changes of speed. */
  readonly tails: number[]
  /** Times of single checks, of all rounds. */
  readonly singles: number[]
  /** Those of the checks that passed the prefilter: one round has too few for a p99. */
  readonly behind: number[]
}

/** The sizes of the largest candidates. */
export interface Largest {
  readonly bytes: number
  readonly entries: number
}

/**
 * Measures what checks cost on this machine, through the engine's own read path. `storeReadNs` is taken as
 * told: it depends on what is stored where. `patienceMs`: no further round begins after this time.
 */
export async function calibrate(largest: Largest, storeReadNs: number, patienceMs: number): Promise<Costs> {
  const nothing = new NoPrefilter()
  const instant = { storeReadNs: 0, unprovenShare: 0 }
  const alone = await ReadPath.open(nothing, { ...instant, redisRttNs: undefined }, CACHE_ENTRIES)
  const redis = await ReadPath.open(nothing, { ...instant, redisRttNs: 0 }, CACHE_ENTRIES)
  const fresh = freshIds()
  const subject = (prefilter: Prefilter, path = alone, source = fresh): Subject => {
    return { path, prefilter, source, means: [], tails: [], singles: [], behind: [] }
  }
  const tables = upTo(TABLES, largest.bytes).map((size) => [size, subject(halfFullBloom(size))] as const)
  const tries = upTo(TRIES, largest.entries).map((size) => [size, subject(evenTrie(size))] as const)
  const exact = subject(await exactSet())
  const store = subject(new RarePrefilter())
  const cached = subject(nothing, alone, (index) => `cached-${index % 256}`)
  const proven = subject(new RarePrefilter(), redis)
  const answered = [...tables, ...tries].map(([, one]) => one)
  await timeAll([...answered, exact, store, cached, proven], patienceMs)
  await Promise.all([alone.close(), redis.close()])

  const active = curve(tables)
  const likeBloom = activeNs({ ...DEFAULT_COSTS, active }, 'bloom', exact.prefilter.bytes, EXACT_ENTRIES)
  return {
    source: 'measured',
    active,
    trie: curve(tries),
    exactExtra: Math.max(0, median(exact.means) - likeBloom),
    cached: median(cached.means),
    storePath: mean(uninterrupted(store.behind)),
    redisPath: mean(uninterrupted(proven.behind)),
    storeRead: storeReadNs,
    tails: {
      active: median(answered.flatMap(({ tails }) => tails)),
      behind: median([store, cached, proven].map(({ behind }) => tailOf(uninterrupted(behind)))),
    },
    interruptions: interruptionsOf(answered),
  }
}

function upTo(sizes: readonly number[], largest: number): number[] {
  return sizes.filter((size, i) => i === 0 || size <= BEYOND * largest)
}

/** The time of each size; never less than that of a smaller one, which only noise could make slower. */
function curve(subjects: readonly (readonly [size: number, one: Subject])[]): [number, number][] {
  let slowest = 0
  return subjects.map(([size, { means }]) => {
    slowest = Math.max(slowest, median(means))
    return [size, slowest]
  })
}

/** p99 ÷ mean. */
function tailOf(times: readonly number[]): number {
  return Math.max(1, quantile(ascending(times), 0.99) / Math.max(1, mean(times)))
}

function uninterrupted(times: readonly number[]): readonly number[] {
  const limit = INTERRUPTED * median(times)
  return times.filter((ns) => ns < limit)
}

/** The share of interrupted checks, and their mean. */
function interruptionsOf(subjects: readonly Subject[]): Costs['interruptions'] {
  const long = subjects.flatMap(({ singles }) => {
    const limit = INTERRUPTED * median(singles)
    return singles.filter((ns) => ns >= limit)
  })
  const all = subjects.reduce((total, { singles }) => total + singles.length, 0)
  return { share: long.length / Math.max(1, all), ns: mean(long) }
}

async function timeAll(subjects: readonly Subject[], patienceMs: number): Promise<void> {
  const started = performance.now()
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    if (round >= FEWEST_ROUNDS && performance.now() - started > patienceMs) return
    for (const { path, prefilter, source, means, tails, singles, behind } of subjects) {
      path.live.prefilter = prefilter
      warmUp(prefilter)
      const timing = await timeChecks(path.lookup, source, CHECKS, patienceMs)
      if (round < 0) continue
      means.push(timing.mean)
      tails.push(Math.max(1, quantile(timing.singles, 0.99) / timing.mean))
      singles.push(...timing.singles)
      behind.push(...timing.behind)
    }
  }
}

/** Brings a filter's cache lines into the CPU cache. */
function warmUp(prefilter: Prefilter): void {
  const digest = new Int32Array(4)
  const random = digestSource(5)
  for (let i = Math.min(MAX_WARMUP_PROBES, prefilter.bytes / (BLOCK_BITS / 8)); i > 0; i--)
    prefilter.has(random(digest))
}

/** Ids that were never checked before. */
function freshIds(): TokenSource {
  let count = 0
  return () => `5f0c1a52-77aa-4c1e-9f00-${String(count++).padStart(12, '0')}`
}
