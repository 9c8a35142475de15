import type { Prefilter } from '../../ports.js'
import { BloomPrefilter } from '../../prefilter/bloom.js'
import { ByteWriter } from '../../prefilter/bytes.js'
import { createPrefilter } from '../../prefilter/create.js'
import { NoPrefilter } from '../../prefilter/none.js'
import { BLOCK_BITS } from '../../prefilter/sizing.js'
import { type Costs, DEFAULT_COSTS } from '../../tuning/costs.js'
import { digestSource } from './digests.js'
import { ReadPath } from './read-path.js'
import { quantile, timeChecks, type Timing, type TokenSource } from './timing.js'

/** Tables that checks are timed with, in bytes: what fits the caches, and what does not. */
const TABLES = [2 ** 18, 2 ** 22, 2 ** 24, 2 ** 26] as const
/** Of each thing so many checks (twice), for so long at most: all of it takes well under a second where the machine is free. */
const CHECKS = 2560
const LIMIT_MS = 40
/** Entries of the small filters of other kinds. */
const SMALL = 16_384
/** As a Bloom filter at 1e-4 has them. */
const PROBES = 16
const CACHE_ENTRIES = 10_000

/**
 * What checks cost on this machine, by the engine's own read path. `largest`: the largest table that is of interest, in bytes. `storeReadNs` is
 * not measured: what a read takes depends on what is stored where.
 */
export async function calibrate(largest: number, storeReadNs: number): Promise<Costs> {
  const path = await ReadPath.open(await createPrefilter({ kind: 'bloom' }), { storeReadNs: 0, unprovenShare: 0, redisRttNs: undefined }, CACHE_ENTRIES)
  const ids = idSource()
  const time = (prefilter: Prefilter, source: TokenSource = ids): Promise<Timing> => {
    path.l0.prefilter = prefilter
    return timeChecks(path.lookup, source, CHECKS, LIMIT_MS)
  }
  const nothing = new NoPrefilter()
  const small = halfFull(TABLES[0])
  // Compilers first.
  for (const prefilter of [small, await filled('trie'), await filled('exact'), nothing]) await time(prefilter)

  const { median: least, singles } = await time(small)
  const active: [number, number][] = [[TABLES[0], least]]
  for (const bytes of TABLES.slice(1)) {
    // One beyond the largest, to draw the line towards.
    if (bytes / 16 > largest) break
    active.push([bytes, Math.max((await time(halfFull(bytes))).median, active[active.length - 1][1])])
  }
  const more = async (kind: 'trie' | 'exact'): Promise<number> => Math.max(0, (await time(await filled(kind))).median - least)
  const [trie, exact] = [await more('trie'), await more('exact')]
  const store = await time(nothing)
  const cached = await time(nothing, (index) => `cached-${index % 256}`)
  await path.close()
  const { kinds } = DEFAULT_COSTS
  return {
    source: 'measured',
    active,
    kinds: { bloom: kinds.bloom, trie: { ...kinds.trie, extra: trie }, exact: { ...kinds.exact, extra: exact } },
    cached: cached.median,
    storePath: store.median,
    redisPath: await redisPath(ids),
    storeRead: storeReadNs,
    tails: { active: tailOf(singles), behind: tailOf(store.singles) },
  }
}

function tailOf(singles: Float64Array): number {
  return Math.max(1, quantile(singles, 0.99) / quantile(singles, 0.5))
}

async function redisPath(ids: TokenSource): Promise<number> {
  const path = await ReadPath.open(new NoPrefilter(), { storeReadNs: 0, unprovenShare: 0, redisRttNs: 0 }, CACHE_ENTRIES)
  try {
    return (await timeChecks(path.lookup, ids, CHECKS, LIMIT_MS)).median
  } finally {
    await path.close()
  }
}

/** Each id once, whoever asks. */
function idSource(): TokenSource {
  let count = 0
  return () => `5f0c1a52-77aa-4c1e-9f00-${String(count++).padStart(12, '0')}`
}

async function filled(kind: 'trie' | 'exact'): Promise<Prefilter> {
  const prefilter = await createPrefilter({ kind, expectedRevocations: SMALL })
  const digest = new Int32Array(4)
  const random = digestSource(1)
  for (let i = 0; i < SMALL; i++) prefilter.add(random(digest))
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
