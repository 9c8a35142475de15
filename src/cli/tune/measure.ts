import { freemem } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Prefilter } from '../../ports.js'
import { createPrefilter } from '../../prefilter/create.js'
import { type Candidate, withEntries } from '../../tuning/candidates.js'
import { predict, type Prediction } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { ENGINE } from '../../tuning/traffic.js'
import { digestSource } from './digests.js'
import { compare, type Figure } from './figures.js'
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
/** A rate is known to a tenth or so after so many false positives. */
const ENOUGH_POSITIVES = 400
const MOST_PROBES = 40_000_000
/** Revoked tokens that are asked before anything is timed, so that the verdict cache is as full as it gets. */
const MOST_WARMED = 100_000
const SLICE = 4096

/** A candidate that was built. */
export interface Measured {
  /** Of what was built, which may be less than was asked for. */
  readonly prediction: Prediction
  readonly entries: number
  /** Why it holds fewer entries than it should; null where it doesn't. */
  readonly cutShort: string | null
  readonly figures: readonly Figure[]
}

export type OnProgress = (what: string, share: number) => void

/** Builds the best `top` candidates one after the other, fills them with synthetic revocations, and sends checks through the engine's read path. */
export async function measure(recommendation: Recommendation, top: number, onProgress: OnProgress): Promise<Measured[]> {
  const measured: Measured[] = []
  const chosen = recommendation.choice.ranked.slice(0, top)
  for (const [i, { candidate }] of chosen.entries()) {
    const step = (what: string, share: number): void => onProgress(`${candidate.name}: ${what}`, (i + share) / chosen.length)
    measured.push(await measureOne(recommendation, candidate, step))
  }
  return measured
}

async function measureOne({ traffic, population, costs, layer }: Recommendation, candidate: Candidate, step: OnProgress): Promise<Measured> {
  const { prefilter, cutShort } = await fill(candidate, traffic.revocations, (share) => step('adding revocations', share * 0.7))
  const { entries } = prefilter
  const built = cutShort === null ? candidate : withEntries(candidate, entries, population.kept)
  step('false positives', 0.7)
  const rate = await falsePositives(prefilter)
  step('checks', 0.8)
  const revocations = Math.min(traffic.revocations, entries)
  const { redisRttUs = 0, cacheEntries = ENGINE.cacheEntries } = traffic
  const path = await ReadPath.open(prefilter, {
    storeReadNs: costs.storeRead, redisRttNs: built.redis ? redisRttUs * 1000 : undefined, unprovenShare: layer?.unprovenShare ?? 0,
  }, cacheEntries)
  try {
    const active = await timeChecks(path.lookup, activeId, ACTIVE, CHECK_MS)
    const warmed = Math.min(revocations, cacheEntries, MOST_WARMED)
    const { timing: revoked, leaving } = await revokedChecks(path, revocations, warmed)
    const prediction = predict(built, traffic, { costs, layer, cached: warmed / revocations })
    const figures = compare({ prediction, traffic, bytes: prefilter.bytes, rate, active, revoked, revokedLeaving: leaving })
    return { prediction, entries, cutShort, figures }
  } finally {
    await path.close()
  }
}

/** Where it would take more than half of the free memory, or too long, it is left with what it has by then. */
async function fill(candidate: Candidate, revocations: number, onShare: (share: number) => void): Promise<{ prefilter: Prefilter; cutShort: string | null }> {
  const most = freemem() * MEMORY_SHARE
  // A Bloom filter takes all of its memory at once.
  if (candidate.prefilter.kind === 'bloom' && candidate.bytes > most) throw new RangeError(`${candidate.name} takes more than half of the memory that is free`)
  const room = Math.floor(candidate.entries * Math.min(1, most / candidate.bytes))
  const prefilter = await createPrefilter(candidate.prefilter)
  const digester = ReadPath.digester()
  const random = digestSource(3)
  const digest = new Int32Array(4)
  const claims = { ...claimsOf('') }
  const deadline = performance.now() + FILL_MS
  for (let i = 0; i < room; i++) {
    // First those that live; then what has expired and is not let go yet.
    claims.jti = revokedId(i)
    prefilter.add(i < revocations ? digester.token(claims) : random(digest))
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

/** Of tokens drawn from all that are revoked, with as many of them in the cache as it takes. `leaving`: the share that asked the store. */
async function revokedChecks({ lookup, behind }: ReadPath, revocations: number, warmed: number): Promise<{ timing: Timing; leaving: number }> {
  behind.revoked = true
  behind.instant = true
  for (let i = 0; i < warmed; i++) {
    await lookup.isRevoked(claimsOf(revokedId(Math.floor((i * revocations) / warmed))))
    if (i % SLICE === 0) await nextTurn()
  }
  behind.instant = false
  const before = behind.storeReads
  let drawn = 0
  const timing = await timeChecks(lookup, (i) => {
    drawn++
    return revokedId(spread(i, revocations))
  }, REVOKED, CHECK_MS)
  return { timing, leaving: (behind.storeReads - before) / drawn }
}

/** The i-th of some numbers below `count` that look random: Weyl's sequence, by the golden ratio. */
function spread(i: number, count: number): number {
  return Math.floor(((i * 0.618033988749895) % 1) * count)
}
