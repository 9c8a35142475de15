import { freemem } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Prefilter } from '../../ports/index.js'
import { createPrefilter } from '../../prefilter/create.js'
import type { TokenDigester } from '../../token/identify.js'
import { type Candidate, withEntries } from '../../tuning/candidates.js'
import { scaledCosts } from '../../tuning/costs.js'
import { predict } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { cacheShare } from '../../tuning/traffic.js'
import { digestSource } from './digests.js'
import { openPaceMeter, type PaceMeter } from './pace.js'
import { compare, type Observed } from './predicted-vs-measured.js'
import { CACHE_ENTRIES, openReadPath, type ReadPath } from './read-path.js'
import { claimsOf, timeChecks } from './timing.js'

/** Share of the free memory that a filter may take. */
const MEMORY_SHARE = 0.5
/** Time limits: for filling a filter, for counting its false positives, for checks of one kind. */
const FILL_MS = 90_000
const PROBE_MS = 2500
const CHECK_MS = 2000
/** Checks of active tokens, and of revoked ones. */
const ACTIVE = 150_000
const REVOKED = 6000
/** This many false positives tell the rate to a tenth or so. */
const ENOUGH_POSITIVES = 400
const MOST_PROBES = 40_000_000
/** Revocations of tokens that can be checked. The others are random digests, which take the same place. */
const NAMED = 16_384
const SLICE = 4096

/** What came of a candidate that was built. */
export type Measured = Readonly<Awaited<ReturnType<typeof measureOne>>>

/** Told of each step: its name, and the share of all work that is done. */
export type OnProgress = (what: string, share: number) => void

/** What is measured. */
export interface MeasureOptions {
  /** So many of the best candidates. */
  readonly top: number
  /** A read of the store; undefined: one is simulated. */
  readonly read?: (() => unknown) | undefined
  readonly onProgress: OnProgress
}

/**
 * Builds the best candidates one after the other, fills them with synthetic revocations, and sends checks
 * through the engine's read path.
 */
export async function measure(
  recommendation: Recommendation,
  { top, read, onProgress }: MeasureOptions,
): Promise<Measured[]> {
  const measured: Measured[] = []
  await using meter = await openPaceMeter()
  for (const [i, { candidate }] of recommendation.choice.ranked.slice(0, top).entries()) {
    const step: OnProgress = (what, share) => onProgress(`${candidate.name}: ${what}`, (i + share) / top)
    measured.push(await measureOne(recommendation, candidate, meter, { step, read }))
  }
  return measured
}

async function measureOne(
  { traffic, population, costs, layer }: Recommendation,
  candidate: Candidate,
  meter: PaceMeter,
  { step, read }: { readonly step: OnProgress; readonly read: MeasureOptions['read'] },
) {
  const mostBytes = freemem() * MEMORY_SHARE
  // A Bloom filter allocates all of its memory at once.
  if (candidate.prefilter.kind === 'bloom' && candidate.bytes > mostBytes)
    throw new RangeError(`${candidate.name} takes more than half of the memory that is free`)
  const prefilter = await createPrefilter(candidate.prefilter)
  const redisRttNs = candidate.redis ? (traffic.redisRttUs ?? 0) * 1000 : undefined
  await using path = await openReadPath(prefilter, { storeReadNs: costs.storeRead, read, redisRttNs })
  const room = Math.floor(candidate.entries * Math.min(1, mostBytes / candidate.bytes))
  const onShare = (share: number): void => step('adding revocations', share * 0.7)
  const inTime = await fill(prefilter, room, path.digester, onShare)
  const { entries, bytes } = prefilter
  const isFull = inTime && room === candidate.entries
  const built = isFull ? candidate : withEntries(candidate, entries, population.kept)
  step('false positives', 0.7)
  const rate = await falsePositives(prefilter)
  step('checks', 0.8)
  const before = await meter.measure()
  let asked = 0
  const active = await timeChecks(path.lookup, () => activeId(asked++), ACTIVE, CHECK_MS)
  const revoked = await revokedChecks(path, Math.min(NAMED, entries), cacheShare(traffic))
  /** Of the machine, just before and just after the checks; null where the costs are the benchmark's. */
  const pace = costs.source === 'default' ? null : (before + (await meter.measure())) / 2
  const costsNow = pace === null ? costs : scaledCosts(pace, costs.storeRead)
  /** For the entries that it holds, which may be fewer than it should, and for the machine's pace. */
  const prediction = predict(built, traffic, { costs: costsNow, layer })
  const figures = compare({ prediction, traffic, bytes, rate, active, ...revoked })
  const why = inTime ? 'at half of the free memory' : `after ${FILL_MS / 1000} s`
  /** Why it holds fewer entries than it should; null if it does not. */
  const cutShort = isFull ? null : why
  return { prediction, entries, cutShort, pace, figures }
}

const revokedId = (i: number): string => `5f0c1a52-77aa-4c1e-8f00-${String(i).padStart(12, '0')}`
const activeId = (i: number): string => `5f0c1a52-77aa-4c1e-9f00-${String(i).padStart(12, '0')}`

/** Adds revocations. False when the time was up before. */
async function fill(
  prefilter: Prefilter,
  room: number,
  digester: TokenDigester,
  onShare: (share: number) => void,
): Promise<boolean> {
  const random = digestSource(3)
  const digest = new Int32Array(4)
  const claims = { ...claimsOf('') }
  const deadline = performance.now() + FILL_MS
  for (let i = 0; i < room; i++) {
    if (i < NAMED) claims.jti = revokedId(i)
    prefilter.add(i < NAMED ? digester.token(claims) : random(digest))
    if (i % SLICE !== SLICE - 1) continue
    onShare(i / room)
    await nextTurn()
    if (performance.now() > deadline) return false
  }
  return true
}

/** Probes digests that were never added, until there are enough false positives or the time is up. */
async function falsePositives(prefilter: Prefilter): Promise<Observed['rate']> {
  const random = digestSource(4)
  const digest = new Int32Array(4)
  const deadline = performance.now() + PROBE_MS
  let positives = 0
  let probes = 0
  while (positives < ENOUGH_POSITIVES && probes < MOST_PROBES && performance.now() < deadline) {
    for (let i = 0; i < SLICE; i++) if (prefilter.has(random(digest))) positives++
    probes += SLICE
    if (probes % (64 * SLICE) === 0) await nextTurn()
  }
  return { positives, probes }
}

/**
 * Checks of revoked tokens, of which the verdict cache answers the share `cached`: a few tokens are checked
 * again and again, the others in a cycle so long that the cache has evicted them in between.
 */
async function revokedChecks(
  { lookup, behind }: ReadPath,
  tokens: number,
  cached: number,
): Promise<Pick<Observed, 'revoked' | 'revokedLeaving'>> {
  // Few enough to be checked again before the cache evicts them.
  const half = CACHE_ENTRIES / 2
  const few = Math.min(half, Math.max(1, Math.floor(half * (cached / (1 - cached)))))
  behind.revoked = true
  behind.instant = true
  for (let i = 0; i < few; i++) await lookup.isRevoked(claimsOf(revokedId(i)))
  behind.instant = false
  const before = behind.storeReads
  let [drawn, again, others] = [0, 0, 0]
  const nextId = (): string => {
    // Weyl's sequence by the golden ratio: evenly spread, and the same in each run.
    const known = (drawn++ * 0.618033988749895) % 1 < cached
    return revokedId(known ? again++ % few : few + (others++ % (tokens - few)))
  }
  const revoked = await timeChecks(lookup, nextId, REVOKED, CHECK_MS)
  return { revoked, revokedLeaving: (behind.storeReads - before) / drawn }
}
