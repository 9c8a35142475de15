import type { ServerState } from '../../redis/inspect/inspector.js'
import {
  addUp,
  type ByLayer,
  byLayer,
  LAYERS,
  measuredTogether,
  sharesOf,
  sumOf,
} from '../output/layer-counts.js'
import type { Look, WatchedFigures } from './sample.js'

/** One engine. Rates and shares cover the time since its previous answer; null if there is none. */
export interface EngineRow {
  readonly engine: string
  /** Milliseconds since its last answer; 0 if it answered this time. */
  readonly silentMs: number
  readonly checksPerSecond: number | null
  readonly shares: ByLayer | null
  readonly lease: WatchedFigures['lease']
  readonly prefilter: WatchedFigures['prefilter']
  readonly redis: WatchedFigures['redis']
}

/** All engines that answered this time, together. */
export interface TotalRow {
  readonly engines: number
  readonly checksPerSecond: number | null
  readonly shares: ByLayer | null
  /** Whether all leases are live, and the age of the oldest; null without engines. */
  readonly lease: { readonly live: boolean; readonly ageMs: number | null } | null
  readonly measuredFalsePositiveRate: number | null
  readonly queued: number
  /** The longest of all engines. */
  readonly roundTripMs: number | null
}

/** The data shown for one interval. */
export interface Frame {
  readonly time: string
  /** Since the previous sample; null in the first. */
  readonly seconds: number | null
  readonly seq: number
  /** Changes of the store a second, including un-revocations. */
  readonly revocationsPerSecond: number | null
  readonly redis: ServerState | null
  readonly reached: number | null
  readonly engines: readonly EngineRow[]
  readonly total: TotalRow
}

/** Milliseconds without an answer, while Redis is reachable, after which an engine counts as gone. */
const GONE_MS = 10_000

interface Known {
  readonly at: number
  readonly figures: WatchedFigures
}

interface Counted {
  readonly row: EngineRow
  readonly figures: WatchedFigures
  /** Checks by layer since the previous answer. */
  readonly counts: ByLayer | null
}

/** Turns samples of counters into rates. */
export class Rates {
  readonly #known = new Map<string, Known>()
  #last: Look | undefined

  /** The frame of a sample, compared with the previous one. */
  next(look: Look): Frame {
    const answered = look.engines.map(({ at, figures }) => this.#counted(at, figures))
    const silent = this.#silent(look)
    const last = this.#last
    this.#last = look
    const rows = [...answered.map(({ row }) => row), ...silent].sort((a, b) => (a.engine < b.engine ? -1 : 1))
    const seconds = last === undefined ? null : (look.at - last.at) / 1000
    return {
      time: look.time.toISOString(),
      seconds,
      seq: look.seq,
      // A restored store may have lower numbers: then the rate is not known.
      revocationsPerSecond:
        last === undefined || seconds === null || look.seq < last.seq
          ? null
          : (look.seq - last.seq) / seconds,
      redis: look.redis,
      reached: look.reached,
      engines: rows,
      total: totalOf(answered),
    }
  }

  #counted(at: number, figures: WatchedFigures): Counted {
    const { engine, decided, lease, prefilter, redis } = figures
    const before = this.#known.get(engine)
    this.#known.set(engine, { at, figures })
    const counts = before === undefined ? null : grown(before.figures.decided, decided)
    const checksPerSecond =
      before === undefined || counts === null ? null : (sumOf(counts) * 1000) / (at - before.at)
    const shares = counts === null ? null : sharesOf(counts)
    return {
      row: { engine, silentMs: 0, checksPerSecond, shares, lease, prefilter, redis: layerOf(redis) },
      figures,
      counts,
    }
  }

  /** Engines that answered before but not this time: shown with their last stats until they count as gone. */
  #silent({ at, engines, redis }: Look): EngineRow[] {
    const present = new Set(engines.map(({ figures }) => figures.engine))
    const rows: EngineRow[] = []
    for (const [engine, known] of this.#known) {
      if (present.has(engine)) continue
      const silentMs = at - known.at
      if (silentMs > GONE_MS && redis?.state === 'ready') {
        this.#known.delete(engine)
        continue
      }
      const { lease, prefilter, redis: layer } = known.figures
      rows.push({
        engine,
        silentMs,
        checksPerSecond: null,
        shares: null,
        lease,
        prefilter,
        redis: layerOf(layer),
      })
    }
    return rows
  }
}

/** The part of an engine's Redis stats that concerns this engine alone. */
function layerOf(redis: WatchedFigures['redis']): EngineRow['redis'] {
  if (redis === null) return null
  const { state, breaker, why, queued, complete, buckets, verified, roundTripMs } = redis
  return { state, breaker, why, queued, complete, buckets, verified, roundTripMs }
}

function totalOf(answered: readonly Counted[]): TotalRow {
  const known = answered.flatMap(({ counts }) => (counts === null ? [] : [counts]))
  const rates = answered.flatMap(({ row }) => (row.checksPerSecond === null ? [] : [row.checksPerSecond]))
  const rows = answered.map(({ row }) => row)
  return {
    engines: answered.length,
    checksPerSecond: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0),
    shares: sharesOf(addUp(known)),
    lease:
      rows.length === 0
        ? null
        : {
            live: rows.every(({ lease }) => lease.live),
            ageMs: largest(rows.map(({ lease }) => lease.ageMs)),
          },
    measuredFalsePositiveRate: measuredTogether(answered.map(({ figures }) => figures)),
    queued: rows.reduce((sum, { redis }) => sum + (redis?.queued ?? 0), 0),
    roundTripMs: largest(rows.map(({ redis }) => redis?.roundTripMs ?? null)),
  }
}

/** By how much counters have grown; null if one has shrunk, because the engine was restarted. */
function grown(before: ByLayer, after: ByLayer): ByLayer | null {
  const counts = byLayer((layer) => after[layer] - before[layer])
  return LAYERS.some((layer) => counts[layer] < 0) ? null : counts
}

function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}
