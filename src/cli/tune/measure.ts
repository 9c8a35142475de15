import { freemem } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Prefilter } from '../../ports/index.js'
import { createPrefilter } from '../../prefilter/create.js'
import { type Candidate, withEntries } from '../../tuning/candidates.js'
import type { Costs } from '../../tuning/costs.js'
import { predict, type Prediction } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { cacheShare } from '../../tuning/traffic.js'
import { digestSource } from './digests.js'
import { isSteady, offPace, type Pace, timeReference } from './machine-drift.js'
import { compare, type Figure, type Observed } from './predicted-vs-measured.js'
import { ReadPath } from './read-path.js'
import { claimsOf, timeChecks, type Timing } from './timing.js'

/** Share of the free memory that a filter may take. */
const MEMORY_SHARE = 0.5
/** Time limits: for filling a filter, for counting its false positives, for checks of one kind. */
const FILL_MS = 90_000
const PROBE_MS = 2500
const CHECK_MS = 2000
/** Checks of active tokens, and of revoked ones. */
const ACTIVE = 150_000
const REVOKED = 6000
/** A candidate is timed at most this many times, until the machine is as fast as at the calibration. */
const ATTEMPTS = 4
/** This many false positives tell the rate to a tenth or so. */
const ENOUGH_POSITIVES = 400
const MOST_PROBES = 40_000_000
/** Entries of the verdict cache: few, so that few tokens give the hit rate that the traffic would have. */
const CACHE_ENTRIES = 512
/**
 * Revocations of tokens that can be checked. The others are random digests, which take the same place in a
 * filter.
 */
const NAMED = 16_384
const SLICE = 4096

/** A candidate that was built. */
export interface Measured {
  /** For the entries that it holds, which may be fewer than the candidate should hold. */
  readonly prediction: Prediction
  readonly entries: number
  /** Why it holds fewer entries than it should; null if it does not. */
  readonly cutShort: string | null
  /** By reference checks just before and just after this measurement. */
  readonly pace: Pace
  readonly figures: readonly Figure[]
}

/** Told of each step: its name, and the share of all work that is done. */
export type OnProgress = (what: string, share: number) => void

/**
 * Builds the best `top` candidates one after the other, fills them with synthetic revocations, and sends
 * checks through the engine's read path.
 */
export async function measure(
  recommendation: Recommendation,
  top: number,
  onProgress: OnProgress,
): Promise<Measured[]> {
  const measured: Measured[] = []
  const chosen = recommendation.choice.ranked.slice(0, top)
  for (const [i, { candidate }] of chosen.entries()) {
    const step = (what: string, share: number): void =>
      onProgress(`${candidate.name}: ${what}`, (i + share) / chosen.length)
    measured.push(await measureOne(recommendation, candidate, step))
  }
  return measured
}

async function measureOne(
  { traffic, population, costs, layer }: Recommendation,
  candidate: Candidate,
  step: OnProgress,
): Promise<Measured> {
  const { prefilter, cutShort } = await fill(candidate, (share) => step('adding revocations', share * 0.7))
  const { entries } = prefilter
  const built = cutShort === null ? candidate : withEntries(candidate, entries, population.kept)
  step('false positives', 0.7)
  const rate = await falsePositives(prefilter)
  step('checks', 0.8)
  const { redisRttUs = 0 } = traffic
  const path = await ReadPath.open(
    prefilter,
    {
      storeReadNs: costs.storeRead,
      redisRttNs: built.redis ? redisRttUs * 1000 : undefined,
      unprovenShare: layer?.unprovenShare ?? 0,
    },
    CACHE_ENTRIES,
  )
  try {
    const { pace, ...times } = await timeSteadily(path, {
      tokens: Math.min(NAMED, entries),
      cached: cacheShare(traffic),
      costs,
    })
    const prediction = predict(built, traffic, { costs, layer })
    return {
      prediction,
      entries,
      cutShort,
      pace,
      figures: compare({ prediction, traffic, bytes: prefilter.bytes, rate, ...times }),
    }
  } finally {
    await path.close()
  }
}

interface Times extends Pick<Observed, 'active' | 'revoked' | 'revokedLeaving'>, Pick<Measured, 'pace'> {}

/** The tokens to check. */
interface Question {
  /** Number of revoked tokens. */
  readonly tokens: number
  /** Share of the checks of revoked tokens that the verdict cache answers. */
  readonly cached: number
  readonly costs: Costs
}

/** Times again while the machine is not as fast as at the calibration; the attempt nearest to that counts. */
async function timeSteadily(path: ReadPath, question: Question): Promise<Times> {
  let best = await timeOnce(path, question, 0)
  for (let attempt = 1; attempt < ATTEMPTS && !isSteady(best.pace); attempt++) {
    const another = await timeOnce(path, question, attempt)
    if (offPace(another.pace) < offPace(best.pace)) best = another
  }
  return best
}

/** Each attempt checks other tokens, which the verdict cache does not know from the one before. */
async function timeOnce(
  path: ReadPath,
  { tokens, cached, costs }: Question,
  attempt: number,
): Promise<Times> {
  const before = await timeReference(path)
  path.behind.revoked = false
  const active = await timeChecks(path.lookup, (i) => activeId(2 * ACTIVE * attempt + i), ACTIVE, CHECK_MS)
  const { timing: revoked, leaving } = await revokedChecks(path, { tokens, cached, attempt })
  const after = await timeReference(path)
  const calibrated = costs.active.at(0)?.[1]
  const pace =
    costs.source === 'default' || calibrated === undefined ? null : (before + after) / 2 / calibrated
  return { active, revoked, revokedLeaving: leaving, pace }
}

/** Stops early at half of the free memory, or when the time is up. */
async function fill(
  candidate: Candidate,
  onShare: (share: number) => void,
): Promise<{ prefilter: Prefilter; cutShort: string | null }> {
  const most = freemem() * MEMORY_SHARE
  // A Bloom filter allocates all of its memory at once.
  if (candidate.prefilter.kind === 'bloom' && candidate.bytes > most)
    throw new RangeError(`${candidate.name} takes more than half of the memory that is free`)
  const room = Math.floor(candidate.entries * Math.min(1, most / candidate.bytes))
  const prefilter = await createPrefilter(candidate.prefilter)
  const digester = ReadPath.digester()
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
    if (performance.now() > deadline) return { prefilter, cutShort: `after ${FILL_MS / 1000} s` }
  }
  return { prefilter, cutShort: room < candidate.entries ? 'at half of the free memory' : null }
}

const revokedId = (i: number): string => `5f0c1a52-77aa-4c1e-8f00-${String(i).padStart(12, '0')}`
const activeId = (i: number): string => `5f0c1a52-77aa-4c1e-9f00-${String(i).padStart(12, '0')}`

/** Probes digests that were never added, until there are enough false positives or the time is up. */
async function falsePositives(prefilter: Prefilter): Promise<{ positives: number; probes: number }> {
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
 * again and again, the others in a cycle so long that the cache has evicted them in between. `leaving`: the
 * share that asked the prefix cache or the store.
 */
async function revokedChecks(
  { lookup, behind }: ReadPath,
  { tokens, cached, attempt }: Pick<Question, 'tokens' | 'cached'> & { attempt: number },
): Promise<{ timing: Timing; leaving: number }> {
  // Few enough to be checked again before the cache evicts them.
  const few = Math.min(
    CACHE_ENTRIES / 2,
    Math.max(1, Math.floor((CACHE_ENTRIES / 2) * (cached / (1 - cached)))),
  )
  behind.revoked = true
  behind.instant = true
  for (let i = 0; i < few; i++) await lookup.isRevoked(claimsOf(revokedId(i)))
  behind.instant = false
  const before = behind.storeReads
  let [drawn, again, others] = [0, 0, 2 * REVOKED * attempt]
  const timing = await timeChecks(
    lookup,
    () => {
      // Weyl's sequence by the golden ratio: evenly spread, and the same in each run.
      const known = (drawn++ * 0.618033988749895) % 1 < cached
      return revokedId(known ? again++ % few : few + (others++ % (tokens - few)))
    },
    REVOKED,
    CHECK_MS,
  )
  return { timing, leaving: (behind.storeReads - before) / drawn }
}
