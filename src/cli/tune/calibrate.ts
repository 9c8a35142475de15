import type { Digest, Prefilter } from '../../ports/index.js'
import { BloomPrefilter } from '../../prefilter/bloom.js'
import { ByteWriter } from '../../prefilter/bytes.js'
import { createPrefilter } from '../../prefilter/create.js'
import { NoPrefilter } from '../../prefilter/none.js'
import { BLOCK_BITS } from '../../prefilter/sizing.js'
import { TriePrefilter } from '../../prefilter/trie.js'
import { activeNs, type Costs, DEFAULT_COSTS } from '../../tuning/costs.js'
import { digestSource } from './digests.js'
import { ReadPath } from './read-path.js'
import { ascending, quantile, timeChecks, type TokenSource } from './timing.js'

/** Tables that checks are timed with, in bytes: what fits the caches, and what does not. */
const TABLES = [2 ** 18, 2 ** 22, 2 ** 24, 2 ** 26] as const
/** Tries that checks are timed with, in entries. */
const TRIES = [2 ** 17, 2 ** 20, 2 ** 23, 2 ** 25] as const
/** The largest of either may be so many times larger than what is of interest: the line is drawn towards it. */
const BEYOND = 16
/** Everything in turn, again and again: whatever else the machine does then falls on all alike. The first rounds are for the compilers. */
const WARM_UP = 2
const ROUNDS = 7
/** Checks of a round as a whole, and as many one by one. In all a second or two where the machine is free. */
const CHECKS = 2048
/**
 * Warms the CPU cache before timing: probes up to this many cache lines. Other subjects evicted them; in a service the
 * filter stays warm.
 */
const MAX_WARMUP_PROBES = 131_072
/** Where it is not, the time is up before. */
const FEWEST_ROUNDS = 2
/** Entries of the exact set. */
const EXACT = 131_072
/** Of checks that go to the store or to Redis one in so many does: a power of two. */
const SELDOM = 32
/** What takes so many times the median was interrupted. */
const INTERRUPTED = 10
/** As a Bloom filter at 1e-4 has them. */
const PROBES = 16
const CACHE_ENTRIES = 10_000

/** What the calibration's first time is of: timed again later, it tells whether the machine is still as fast. */
export const smallFilter = (): Prefilter => halfFull(TABLES[0])

/** One thing that is timed: checks through a path, with a filter. */
interface Subject {
  readonly path: ReadPath
  readonly prefilter: Prefilter
  readonly source: TokenSource
  /** Of each round. */
  readonly means: number[]
  /** p99 ÷ mean in each round: over all rounds it would be that of the machine's pace, too. */
  readonly tails: number[]
  readonly singles: number[]
  /** Times of the checks that went past the prefilter, over all rounds: one round has too few for a p99. */
  readonly behind: number[]
}

/** The largest filters that are of interest. */
export interface Largest {
  readonly bytes: number
  readonly entries: number
}

/**
 * What checks cost on this machine, by the engine's own read path. `storeReadNs` is not measured: what a read takes depends on what is stored
 * where. `patienceMs`: no further round after so long.
 */
export async function calibrate(largest: Largest, storeReadNs: number, patienceMs: number): Promise<Costs> {
  const nothing = new NoPrefilter()
  const alone = await ReadPath.open(
    nothing,
    { storeReadNs: 0, unprovenShare: 0, redisRttNs: undefined },
    CACHE_ENTRIES,
  )
  const redis = await ReadPath.open(
    nothing,
    { storeReadNs: 0, unprovenShare: 0, redisRttNs: 0 },
    CACHE_ENTRIES,
  )
  const fresh = idSource()
  const subject = (prefilter: Prefilter, path = alone, source = fresh): Subject => ({
    path,
    prefilter,
    source,
    means: [],
    tails: [],
    singles: [],
    behind: [],
  })
  const tables = upTo(TABLES, largest.bytes).map((bytes) => [bytes, subject(halfFull(bytes))] as const)
  const tries = upTo(TRIES, largest.entries).map((entries) => [entries, subject(evenTrie(entries))] as const)
  const exact = subject(await exactSet())
  const [store, cached, proven] = [
    subject(new Seldom()),
    subject(nothing, alone, (index) => `cached-${index % 256}`),
    subject(new Seldom(), redis),
  ]
  const answered = [...tables, ...tries].map(([, one]) => one)
  await timeAll([...answered, exact, store, cached, proven], patienceMs)
  await Promise.all([alone.close(), redis.close()])

  const active = curve(tables)
  return {
    source: 'measured',
    active,
    trie: curve(tries),
    exactExtra: Math.max(
      0,
      timeOf(exact) -
        activeNs({ ...DEFAULT_COSTS, active, exactExtra: 0 }, 'exact', exact.prefilter.bytes, EXACT),
    ),
    cached: timeOf(cached),
    storePath: meanOf(store.behind),
    redisPath: meanOf(proven.behind),
    storeRead: storeReadNs,
    tails: {
      active: medianOf(answered.flatMap(({ tails }) => tails)),
      behind: medianOf([store, cached, proven].map(({ behind }) => tailOf(behind))),
    },
    interruptions: interruptionsOf(answered),
  }
}

function upTo(sizes: readonly number[], largest: number): number[] {
  return sizes.filter((size, i) => i === 0 || size <= BEYOND * largest)
}

/** Noise may make a larger one look faster. It is not. */
function curve(subjects: readonly (readonly [size: number, one: Subject])[]): [number, number][] {
  return subjects.map(([size], i) => [
    size,
    Math.max(...subjects.slice(0, i + 1).map(([, one]) => timeOf(one))),
  ])
}

const timeOf = ({ means }: Subject): number => medianOf(means)

/** Of those that were not interrupted. */
function meanOf(times: readonly number[]): number {
  const calm = uninterrupted(times)
  return calm.reduce((sum, ns) => sum + ns, 0) / Math.max(1, calm.length)
}

/** p99 ÷ mean of those. */
function tailOf(times: readonly number[]): number {
  return Math.max(1, quantile(ascending(uninterrupted(times)), 0.99) / Math.max(1, meanOf(times)))
}

function uninterrupted(times: readonly number[]): readonly number[] {
  const limit = INTERRUPTED * medianOf(times)
  return times.filter((ns) => ns < limit)
}

function interruptionsOf(subjects: readonly Subject[]): Costs['interruptions'] {
  const long = subjects.flatMap(({ singles }) => {
    const limit = INTERRUPTED * medianOf(singles)
    return singles.filter((ns) => ns >= limit)
  })
  const all = subjects.reduce((sum, { singles }) => sum + singles.length, 0)
  return {
    share: long.length / Math.max(1, all),
    ns: long.reduce((sum, ns) => sum + ns, 0) / Math.max(1, long.length),
  }
}

/** Lets through what begins with a few zeros, whichever way it is asked: one in {@link SELDOM}. */
class Seldom extends NoPrefilter {
  override has(digest: Digest): boolean {
    return (digest[0] & (SELDOM - 1)) === 0
  }
}

async function timeAll(subjects: readonly Subject[], patienceMs: number): Promise<void> {
  const started = performance.now()
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    if (round >= FEWEST_ROUNDS && performance.now() - started > patienceMs) return
    for (const { path, prefilter, source, means, tails, singles, behind } of subjects) {
      path.l0.prefilter = prefilter
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

export function medianOf(values: readonly number[]): number {
  return quantile(ascending(values), 0.5)
}

/** Each id once, whoever asks. */
function idSource(): TokenSource {
  let count = 0
  return () => `5f0c1a52-77aa-4c1e-9f00-${String(count++).padStart(12, '0')}`
}

async function exactSet(): Promise<Prefilter> {
  const prefilter = await createPrefilter({ kind: 'exact', expectedRevocations: EXACT })
  const digest = new Int32Array(4)
  const random = digestSource(1)
  for (let i = 0; i < EXACT; i++) prefilter.add(random(digest))
  return prefilter
}

/**
 * A trie of 40 bits, which lets hardly anything through, with as many entries in each leaf, made in an instant as well: the leaves of its first
 * page are random, and those of the others like them. Layouts are in src/prefilter/snapshot.ts.
 */
function evenTrie(entries: number): TriePrefilter {
  const [buckets, ofPage] = [65_536, 128]
  const leaf = entries / buckets
  const page = new Uint8Array(ofPage * leaf * 3)
  const random = digestSource(6)
  const digest = new Int32Array(4)
  for (let bucket = 0; bucket < ofPage; bucket++) {
    const rests = Uint32Array.from({ length: leaf }, () => random(digest)[0] >>> 8).sort()
    for (const [i, rest] of rests.entries())
      page.set([rest >>> 16, rest >>> 8, rest], (bucket * leaf + i) * 3)
  }
  const writer = new ByteWriter(8 + 8 + buckets * 4 + (buckets / ofPage) * page.length + 8)
  writer.f64(40)
  writer.f64(entries)
  writer.words(Uint32Array.from({ length: buckets }, (_, bucket) => ((bucket % ofPage) + 1) * leaf))
  for (let i = 0; i < buckets / ofPage; i++) writer.raw(page)
  writer.f64(0)
  return TriePrefilter.decode(writer.bytes)
}

/**
 * A Bloom filter whose bits are half set, as they are where it is full, but made in an instant: from a snapshot of random words, repeated. Every
 * page of it is written to, so that it takes as much memory as a real one.
 */
function halfFull(bytes: number): BloomPrefilter {
  const body = new Uint8Array(8 + 8 + 24 + bytes)
  const head = new ByteWriter(40)
  head.f64(1e-4)
  head.f64(1)
  head.f64(2 ** 40)
  head.f64(0)
  head.u32(bytes / (BLOCK_BITS / 8))
  head.u32(PROBES)
  body.set(head.bytes)
  const digest = new Int32Array(4)
  const random = digestSource(2)
  const seeded = 65_536
  for (let at = 0; at < seeded; at += 16) body.set(new Uint8Array(random(digest).buffer), 40 + at)
  for (let done = seeded; done < bytes; done *= 2) body.copyWithin(40 + done, 40, 40 + done)
  return BloomPrefilter.decode(body)
}
