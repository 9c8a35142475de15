import { freemem } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Prefilter } from '../../ports/index.js'
import { createPrefilter } from '../../prefilter/create.js'
import { type Candidate, withEntries } from '../../tuning/candidates.js'
import type { Costs } from '../../tuning/costs.js'
import { predict, type Prediction } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { cacheShare } from '../../tuning/traffic.js'
import { medianOf, smallFilter } from './calibrate.js'
import { digestSource } from './digests.js'
import { isSteady, offPace, type Pace } from './machine-drift.js'
import { compare, type Figure, type Observed } from './predicted-vs-measured.js'
import { ReadPath } from './read-path.js'
import { claimsOf, timeChecks, type Timing } from './timing.js'

/** What a measurement may take: of free memory, of time for a filter to be filled, and for each thing that is measured of it. */
const MEMORY_SHARE = 0.5
const FILL_MS = 90_000
const PROBE_MS = 2500
const CHECK_MS = 2000
/** Checks of active tokens, and of revoked ones. */
const ACTIVE = 150_000
const REVOKED = 6000
/** Rounds of checks with the calibration's small filter, before and after the others. */
const REFERENCE = { rounds: 5, checks: 2048 } as const
/** How often it is timed at most, in search of a time when the machine was as fast as at the calibration. */
const ATTEMPTS = 4
/** A rate is known to a tenth or so after so many false positives. */
const ENOUGH_POSITIVES = 400
const MOST_PROBES = 40_000_000
/** Entries of the verdict cache here: few, so that what the traffic would find in it can be had with few tokens. */
const CACHE_ENTRIES = 512
/** Revocations of tokens that checks can name. The rest are random digests, which a filter takes alike. */
const NAMED = 16_384
const SLICE = 4096

/** A candidate that was built. */
export interface Measured {
  /** Of what was built, which may be less than was asked for. */
  readonly prediction: Prediction
  readonly entries: number
  /** Why it holds fewer entries than it should; null where it doesn't. */
  readonly cutShort: string | null
  /** Just before and after this measurement, by checks with the calibration's small filter. */
  readonly pace: Pace
  readonly figures: readonly Figure[]
}

export type OnProgress = (what: string, share: number) => void

/** Builds the best `top` candidates one after the other, fills them with synthetic revocations, and sends checks through the engine's read path. */
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
      prefilter,
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

/** What the path is asked for. */
interface Question {
  readonly prefilter: Prefilter
  /** Revoked tokens that there are. */
  readonly tokens: number
  /** Of checks of these, the share that the cache knows. */
  readonly cached: number
  readonly costs: Costs
}

/** Where the machine is not as fast as at the calibration, it is timed again: what counts is the time when it was nearest to that. */
async function timeSteadily(path: ReadPath, question: Question): Promise<Times> {
  let best = await timeOnce(path, question, 0)
  for (let attempt = 1; attempt < ATTEMPTS && !isSteady(best.pace); attempt++) {
    const another = await timeOnce(path, question, attempt)
    if (offPace(another.pace) < offPace(best.pace)) best = another
  }
  return best
}

/** `attempt`: each asks for other tokens, which the cache does not know from the one before. */
async function timeOnce(
  path: ReadPath,
  { prefilter, tokens, cached, costs }: Question,
  attempt: number,
): Promise<Times> {
  const before = await reference(path, prefilter)
  path.behind.revoked = false
  const active = await timeChecks(path.lookup, (i) => activeId(2 * ACTIVE * attempt + i), ACTIVE, CHECK_MS)
  const { timing: revoked, leaving } = await revokedChecks(path, { tokens, cached, attempt })
  const after = await reference(path, prefilter)
  return {
    active,
    revoked,
    revokedLeaving: leaving,
    pace: costs.source === 'default' ? null : (before + after) / 2 / costs.active[0][1],
  }
}

/** As the calibration has it, the median of the means of some rounds of checks with the small filter, which takes the place of the one that is measured for as long. */
async function reference({ lookup, l0, behind }: ReadPath, measured: Prefilter): Promise<number> {
  const { revoked } = behind
  behind.revoked = false
  l0.prefilter = smallFilter()
  const means: number[] = []
  for (let round = 0; round < REFERENCE.rounds; round++) {
    const { mean } = await timeChecks(
      lookup,
      (i) => `reference-${round}-${i}`,
      REFERENCE.checks,
      CHECK_MS / REFERENCE.rounds,
    )
    means.push(mean)
  }
  l0.prefilter = measured
  behind.revoked = revoked
  return medianOf(means)
}

/** Where it would take more than half of the free memory, or too long, it is left with what it has by then. */
async function fill(
  candidate: Candidate,
  onShare: (share: number) => void,
): Promise<{ prefilter: Prefilter; cutShort: string | null }> {
  const most = freemem() * MEMORY_SHARE
  // A Bloom filter takes all of its memory at once.
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

/** Digests that were never added, until enough of them look as if they had been. */
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
 * Checks of revoked tokens, of which the verdict cache knows the share `cached`: some tokens are asked again and again, the others in a round
 * so long that the cache has forgotten them when they come again. `leaving`: the share that asked something behind it.
 */
async function revokedChecks(
  { lookup, behind }: ReadPath,
  { tokens, cached, attempt }: Pick<Question, 'tokens' | 'cached'> & { attempt: number },
): Promise<{ timing: Timing; leaving: number }> {
  // So few that they are asked again before they would be forgotten.
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
      // Weyl's sequence, by the golden ratio: evenly spread, and the same in each run.
      const known = (drawn++ * 0.618033988749895) % 1 < cached
      return revokedId(known ? again++ % few : few + (others++ % (tokens - few)))
    },
    REVOKED,
    CHECK_MS,
  )
  return { timing, leaving: (behind.storeReads - before) / drawn }
}
