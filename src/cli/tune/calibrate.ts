import type { Prefilter } from '../../ports.js'
import { BloomPrefilter } from '../../prefilter/bloom.js'
import { ByteWriter } from '../../prefilter/bytes.js'
import { createPrefilter } from '../../prefilter/create.js'
import { NoPrefilter } from '../../prefilter/none.js'
import { BLOCK_BITS } from '../../prefilter/sizing.js'
import { activeNs, type Costs, DEFAULT_COSTS } from '../../tuning/costs.js'
import { digestSource } from './digests.js'
import { ReadPath } from './read-path.js'
import { quantile, timeChecks, type TokenSource } from './timing.js'

/** Tables that checks are timed with, in bytes: what fits the caches, and what does not. */
const TABLES = [2 ** 18, 2 ** 22, 2 ** 24, 2 ** 26] as const
/** Everything in turn, again and again: whatever else the machine does then falls on all alike. The first rounds are for the compilers. */
const WARM_UP = 2
const ROUNDS = 7
/** Checks of a round as a whole, and as many one by one. In all about a second where the machine is free. */
const CHECKS = 2048
/** Probes before them, one for each line of a table up to so many: the turns of the others have emptied the caches, as a service's own filter is not. */
const MOST_TOUCHED = 131_072
/** Where it is not, the time is up before. */
const FEWEST_ROUNDS = 2
/** Entries of the filters of other kinds: enough for a trie to have two in each leaf, as an empty one is never looked into. */
const OTHERS = 131_072
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
  readonly means: number[]
  readonly tails: number[]
}

/**
 * What checks cost on this machine, by the engine's own read path. `largest`: the largest table that is of interest, in bytes. `storeReadNs` is
 * not measured: what a read takes depends on what is stored where. `patienceMs`: no further round after so long.
 */
export async function calibrate(largest: number, storeReadNs: number, patienceMs: number): Promise<Costs> {
  const nothing = new NoPrefilter()
  const alone = await ReadPath.open(nothing, { storeReadNs: 0, unprovenShare: 0, redisRttNs: undefined }, CACHE_ENTRIES)
  const redis = await ReadPath.open(nothing, { storeReadNs: 0, unprovenShare: 0, redisRttNs: 0 }, CACHE_ENTRIES)
  const fresh = idSource()
  const subject = (prefilter: Prefilter, path = alone, source = fresh): Subject => ({ path, prefilter, source, means: [], tails: [] })
  // One table beyond the largest, to draw the line towards.
  const tables = TABLES.filter((bytes) => bytes === TABLES[0] || bytes / 16 <= largest)
  const active = tables.map((bytes) => subject(halfFull(bytes)))
  const [trie, exact] = [subject(await filled('trie')), subject(await filled('exact'))]
  const [store, cached, proven] = [subject(nothing), subject(nothing, alone, (index) => `cached-${index % 256}`), subject(nothing, redis)]
  await timeAll([...active, trie, exact, store, cached, proven], patienceMs)
  await Promise.all([alone.close(), redis.close()])

  const { kinds } = DEFAULT_COSTS
  const times = tables.map((bytes, i) => [bytes, Math.max(...active.slice(0, i + 1).map(timeOf))] as const)
  const more = (kind: 'trie' | 'exact', one: Subject): number => Math.max(0, timeOf(one) - activeNs(withoutExtra(times), kind, one.prefilter.bytes, OTHERS))
  return {
    source: 'measured',
    active: times,
    kinds: { bloom: kinds.bloom, trie: { ...kinds.trie, extra: more('trie', trie) }, exact: { ...kinds.exact, extra: more('exact', exact) } },
    cached: timeOf(cached),
    storePath: timeOf(store),
    redisPath: timeOf(proven),
    storeRead: storeReadNs,
    tails: { active: medianOf(active.flatMap(({ tails }) => tails)), behind: medianOf([store, cached, proven].flatMap(({ tails }) => tails)) },
  }
}

/** What a filter would take if it had nothing but its size against it. */
function withoutExtra(active: Costs['active']): Costs {
  const { kinds } = DEFAULT_COSTS
  return { ...DEFAULT_COSTS, active, kinds: { ...kinds, trie: { ...kinds.trie, extra: 0 }, exact: { ...kinds.exact, extra: 0 } } }
}

async function timeAll(subjects: readonly Subject[], patienceMs: number): Promise<void> {
  const started = performance.now()
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    if (round >= FEWEST_ROUNDS && performance.now() - started > patienceMs) return
    for (const { path, prefilter, source, means, tails } of subjects) {
      path.l0.prefilter = prefilter
      touch(prefilter)
      const { mean, singles } = await timeChecks(path.lookup, source, CHECKS, patienceMs)
      if (round < 0) continue
      means.push(mean)
      tails.push(Math.max(1, quantile(singles, 0.99) / quantile(singles, 0.5)))
    }
  }
}

/** Brings into the caches what of a filter they hold. */
function touch(prefilter: Prefilter): void {
  const digest = new Int32Array(4)
  const random = digestSource(5)
  for (let i = Math.min(MOST_TOUCHED, prefilter.bytes / (BLOCK_BITS / 8)); i > 0; i--) prefilter.has(random(digest))
}

const timeOf = ({ means }: Subject): number => medianOf(means)

export function medianOf(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}

/** Each id once, whoever asks. */
function idSource(): TokenSource {
  let count = 0
  return () => `5f0c1a52-77aa-4c1e-9f00-${String(count++).padStart(12, '0')}`
}

async function filled(kind: 'trie' | 'exact'): Promise<Prefilter> {
  const prefilter = await createPrefilter({ kind, expectedRevocations: OTHERS })
  const digest = new Int32Array(4)
  const random = digestSource(1)
  for (let i = 0; i < OTHERS; i++) prefilter.add(random(digest))
  return prefilter
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
