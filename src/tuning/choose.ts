import type { Costs } from './costs.js'
import type { Prediction } from './predict.js'
import type { Traffic } from './traffic.js'

/** Whether a candidate keeps each budget. */
export interface Fit {
  readonly memory: boolean
  readonly storeReads: boolean
}

/** The chosen candidate, and why. */
export interface Choice {
  readonly chosen: Prediction
  /** Best first: by how far they exceed the budgets, then by cost. */
  readonly ranked: readonly Prediction[]
  /** False: no candidate keeps both budgets, and the chosen one exceeds them least. */
  readonly fits: boolean
  /** Sentences for people. */
  readonly reasons: readonly string[]
}

/** Compares a prediction with the budgets of the traffic. */
export function fitOf(
  { memoryBytes, falseStoreReadsPerDay }: Prediction,
  { memoryBytes: most = Infinity, storeReadsPerDay = Infinity }: Traffic,
): Fit {
  return { memory: memoryBytes <= most, storeReads: falseStoreReadsPerDay <= storeReadsPerDay }
}

/** Smaller relative differences in cost are not mentioned. */
const NOTABLE = 0.005

/**
 * Chooses the cheapest candidate that keeps the budgets, or else the one that exceeds them by the smallest
 * factor.  @throws {RangeError} when there are no predictions.
 */
export function choose(predictions: readonly Prediction[], traffic: Traffic, costs: Costs): Choice {
  const ranked = [...predictions].sort(
    (a, b) => excess(a, traffic) - excess(b, traffic) || a.costCores - b.costCores,
  )
  const chosen = ranked.at(0)
  if (chosen === undefined) throw new RangeError('there is no candidate to choose')
  const fits = excess(chosen, traffic) === 0
  return {
    chosen,
    ranked,
    fits,
    reasons: fits ? reasonsFor({ chosen, ranked }, traffic, costs) : whyNone(chosen, traffic),
  }
}

/** How far a candidate exceeds the budgets: the sum of the logarithms of the factors; 0 if it keeps them. */
function excess(
  { memoryBytes, falseStoreReadsPerDay }: Prediction,
  { memoryBytes: most = Infinity, storeReadsPerDay = Infinity }: Traffic,
): number {
  // A budget of 0 has no factor; a billionth stands for it.
  const over = (value: number, limit: number): number =>
    value <= limit ? 0 : Math.log1p((value - limit) / Math.max(limit, 1e-9))
  return over(memoryBytes, most) + over(falseStoreReadsPerDay, storeReadsPerDay)
}

function reasonsFor(
  { chosen, ranked }: Pick<Choice, 'chosen' | 'ranked'>,
  traffic: Traffic,
  costs: Costs,
): string[] {
  const fitting = ranked.filter((one) => excess(one, traffic) === 0)
  const all =
    fitting.length === ranked.length
      ? `of all ${ranked.length} candidates`
      : `of the ${fitting.length} of ${ranked.length} candidates that keep the budget`
  const reasons = [
    fitting.length === 1
      ? `${chosen.candidate.name} is the only one of ${ranked.length} candidates that keeps the budget.`
      : `${chosen.candidate.name} costs least ${all}: ${cores(chosen.costCores)}, ` +
        'checks and memory together.',
  ]
  const cheaper = ranked
    .filter((one) => excess(one, traffic) > 0 && one.costCores < chosen.costCores * (1 - NOTABLE))
    .sort((a, b) => a.costCores - b.costCores)
    .at(0)
  if (cheaper !== undefined) {
    const { memory } = fitOf(cheaper, traffic)
    const fault = memory
      ? 'lets too many false positives through to the store'
      : 'takes more memory than there is'
    reasons.push(`${cheaper.candidate.name} would cost ${cores(cheaper.costCores)}, but ${fault}.`)
  }
  const next = fitting.at(1)
  if (next !== undefined) reasons.push(comparison(chosen, next))
  if (traffic.storeReadsPerDay === undefined)
    reasons.push('You set no limit for false reads of the store, so only their time counts against them.')
  reasons.push(...aboutRedis(chosen, traffic, costs))
  return reasons
}

/** How the runner-up differs. */
function comparison(chosen: Prediction, next: Prediction): string {
  const more = (next.costCores / chosen.costCores - 1) * 100
  const apart = [
    against('memory', next.memoryBytes / chosen.memoryBytes),
    against('time a check', next.meanNs / chosen.meanNs),
  ].filter((text) => text !== undefined)
  const cost = more < 100 * NOTABLE ? 'practically the same cost' : `${more.toPrecision(2)} % more`
  return `Next is ${next.candidate.name}, at ${[cost, apart.join(', ')].filter(Boolean).join(': ')}.`
}

function against(what: string, ratio: number): string | undefined {
  const times = Number(ratio.toPrecision(2))
  return times === 1 ? undefined : `${times} times the ${what}`
}

function aboutRedis({ candidate }: Prediction, { redisRttUs }: Traffic, { storeRead }: Costs): string[] {
  if (redisRttUs === undefined) return []
  const roundTrip = micro(redisRttUs * 1000)
  const times = `a read of the store takes ${micro(storeRead)}, a round trip to Redis ${roundTrip}`
  if (candidate.redis) return [`Redis takes nearly all false positives off the store; ${times}.`]
  return [
    `No Redis for the sake of lookups: ${times}. ` +
      'It may still be worth its wake-ups, which tell other ' +
      "processes of a revocation at once: then with reads: 'when-store-fails'.",
  ]
}

function whyNone(chosen: Prediction, traffic: Traffic): string[] {
  const { memory, storeReads } = fitOf(chosen, traffic)
  const missed = [
    ...(memory ? [] : [`it takes ${(chosen.memoryBytes / 2 ** 20).toPrecision(3)} MiB`]),
    ...(storeReads
      ? []
      : [
          `it lets ${chosen.falseStoreReadsPerDay.toPrecision(2)} false positives a day through to the store`,
        ]),
  ].join(' and ')
  return [
    `Nothing keeps the budget. ${chosen.candidate.name} misses it by least: ${missed}.`,
    storeReads
      ? 'Give more memory.'
      : memory
        ? 'Allow more reads of the store, or more memory.'
        : 'Give more memory or allow more reads of the store.',
  ]
}

function cores(value: number): string {
  return value < 1
    ? `${(value * 1000).toPrecision(2)} thousandths of a core`
    : `${value.toPrecision(2)} cores`
}

function micro(ns: number): string {
  return ns < 1e6 ? `${Number((ns / 1000).toPrecision(2))} µs` : `${Number((ns / 1e6).toPrecision(2))} ms`
}
