import type { Costs } from './costs.js'
import type { Prediction } from './predict.js'
import type { Traffic } from './traffic.js'

/** Whether a candidate keeps each budget. */
export type Fit = Readonly<ReturnType<typeof fitOf>>

/** Compares a prediction with the budgets of the traffic. */
export function fitOf(
  { memoryBytes, falseStoreReadsPerDay }: Prediction,
  { memoryBytes: most = Infinity, storeReadsPerDay = Infinity }: Traffic,
) {
  return { memory: memoryBytes <= most, storeReads: falseStoreReadsPerDay <= storeReadsPerDay }
}

/** Smaller relative differences in cost are not mentioned. */
const NOTABLE = 0.005

/**
 * Chooses the cheapest candidate that keeps the budgets, or else the one that exceeds them by the smallest
 * factor.
 *
 * @returns `ranked`: best first, by how far they exceed the budgets, then by cost. `fits`: false where no
 * candidate keeps both budgets. `reasons`: sentences for people.
 * @throws {RangeError} when there are no predictions.
 */
export function choose(predictions: readonly Prediction[], traffic: Traffic, costs: Costs) {
  const over = (one: Prediction): number => excess(one, traffic)
  const ranked = predictions.toSorted((a, b) => over(a) - over(b) || a.costCores - b.costCores)
  const [chosen] = ranked
  if (chosen === undefined) throw new RangeError('there is no candidate to choose')
  const fitting = ranked.filter((one) => over(one) === 0)
  const beyond = ranked.slice(fitting.length)
  if (fitting.length === 0) return { chosen, ranked, fits: false, reasons: whyNone(chosen, traffic) }
  const reasons = [
    costsLeast(chosen, fitting.length, ranked.length),
    whyNotCheaper(chosen, beyond, traffic),
    comparison(chosen, fitting.at(1)),
    traffic.storeReadsPerDay === undefined
      ? 'You set no limit for false reads of the store, so only their time counts against them.'
      : undefined,
    aboutRedis(chosen, traffic, costs),
  ]
  return { chosen, ranked, fits: true, reasons: reasons.filter((reason) => reason !== undefined) }
}

/** How far a candidate exceeds the budgets: the sum of the logarithms of the factors; 0 if it keeps them. */
function excess(prediction: Prediction, { memoryBytes = Infinity, storeReadsPerDay = Infinity }: Traffic) {
  // A budget of 0 has no factor; a billionth stands for it.
  const over = (value: number, limit: number): number =>
    value <= limit ? 0 : Math.log1p((value - limit) / Math.max(limit, 1e-9))
  return over(prediction.memoryBytes, memoryBytes) + over(prediction.falseStoreReadsPerDay, storeReadsPerDay)
}

function costsLeast({ candidate, costCores }: Prediction, fitting: number, all: number): string {
  if (fitting === 1) return `${candidate.name} is the only one of ${all} candidates that keeps the budget.`
  const among =
    fitting === all ? `all ${all} candidates` : `the ${fitting} of ${all} candidates that keep the budget`
  return `${candidate.name} costs least of ${among}: ${cores(costCores)}, checks and memory together.`
}

/** The cheapest candidate beyond the budgets, if it costs less. */
function whyNotCheaper(chosen: Prediction, beyond: readonly Prediction[], traffic: Traffic) {
  const [cheapest] = beyond.toSorted((a, b) => a.costCores - b.costCores)
  if (cheapest === undefined || cheapest.costCores >= chosen.costCores * (1 - NOTABLE)) return undefined
  const fault = fitOf(cheapest, traffic).memory
    ? 'lets too many false positives through to the store'
    : 'takes more memory than there is'
  return `${cheapest.candidate.name} would cost ${cores(cheapest.costCores)}, but ${fault}.`
}

/** How the runner-up differs. */
function comparison(chosen: Prediction, next: Prediction | undefined): string | undefined {
  if (next === undefined) return undefined
  const more = (next.costCores / chosen.costCores - 1) * 100
  const cost = more < 100 * NOTABLE ? 'practically the same cost' : `${more.toPrecision(2)} % more`
  const ratios = {
    memory: next.memoryBytes / chosen.memoryBytes,
    'time a check': next.meanNs / chosen.meanNs,
  }
  const apart = Object.entries(ratios)
    .map(([what, ratio]) => `${Number(ratio.toPrecision(2))} times the ${what}`)
    .filter((text) => !text.startsWith('1 times'))
  return `Next is ${next.candidate.name}, at ${cost}${apart.length === 0 ? '' : ': '}${apart.join(', ')}.`
}

function aboutRedis({ candidate }: Prediction, { redisRttUs }: Traffic, costs: Costs): string | undefined {
  if (redisRttUs === undefined) return undefined
  const [read, roundTrip] = [micro(costs.storeRead), micro(redisRttUs * 1000)]
  const times = `a read of the store takes ${read}, a round trip to Redis ${roundTrip}`
  if (candidate.redis) return `Redis takes nearly all false positives off the store; ${times}.`
  return (
    `No Redis for the sake of lookups: ${times}. It may still be worth its wake-ups, which tell other ` +
    "processes of a revocation at once: then with reads: 'when-store-fails'."
  )
}

function whyNone(nearest: Prediction, traffic: Traffic): string[] {
  const { memory, storeReads } = fitOf(nearest, traffic)
  const { memoryBytes, falseStoreReadsPerDay: reads } = nearest
  const missed = [
    ...(memory ? [] : [`it takes ${(memoryBytes / 2 ** 20).toPrecision(3)} MiB`]),
    ...(storeReads ? [] : [`it lets ${reads.toPrecision(2)} false positives a day through to the store`]),
  ]
  const advice = memory
    ? 'Allow more reads of the store, or more memory.'
    : `Give more memory${storeReads ? '' : ' or allow more reads of the store'}.`
  return [
    `Nothing keeps the budget. ${nearest.candidate.name} misses it by least: ${missed.join(' and ')}.`,
    advice,
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
