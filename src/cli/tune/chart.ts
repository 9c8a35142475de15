import { fitOf } from '../../tuning/choose.js'
import type { Prediction } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'

/** What both drawings show: memory across, false reads of the store upwards, both by their logarithms. */
export interface Chart {
  readonly points: readonly ChartPoint[]
  readonly x: Axis
  readonly y: Axis
  /** Budgets, where there are some. */
  readonly memory: number | undefined
  readonly storeReads: number | undefined
}

export interface ChartPoint {
  /** A letter, the same in the table. */
  readonly letter: string
  readonly prediction: Prediction
  readonly x: number
  readonly y: number
  readonly chosen: boolean
  readonly fits: boolean
}

export interface Axis {
  readonly least: number
  readonly most: number
  /** Powers of ten within. */
  readonly ticks: readonly number[]
}

/** Once in three years: what is rarer is as good as never, and is drawn at the bottom with it. */
export const AS_GOOD_AS_NEVER = 1e-3

export const letterOf = (index: number): string => String.fromCharCode(97 + (index % 26))

export function chartOf({ predictions, choice, traffic }: Recommendation): Chart {
  const points = predictions.map((prediction, i): ChartPoint => {
    const { memory, storeReads } = fitOf(prediction, traffic)
    return {
      letter: letterOf(i),
      prediction,
      chosen: prediction === choice.chosen,
      fits: memory && storeReads,
      x: prediction.memoryBytes,
      y: Math.max(AS_GOOD_AS_NEVER, prediction.falseStoreReadsPerDay),
    }
  })
  const { memoryBytes, storeReadsPerDay } = traffic
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  return {
    points,
    x: axis(Math.min(...xs) / 1.3, Math.max(...xs) * 1.3),
    y: axis(AS_GOOD_AS_NEVER, Math.max(...ys, 1) * 2),
    memory: memoryBytes,
    storeReads: storeReadsPerDay === undefined ? undefined : Math.max(AS_GOOD_AS_NEVER, storeReadsPerDay),
  }
}

function axis(least: number, most: number): Axis {
  const ticks: number[] = []
  for (let power = Math.ceil(Math.log10(least) - 1e-9); power <= Math.log10(most); power++)
    ticks.push(10 ** power)
  return { least, most, ticks }
}

/** Where a value stands on an axis, from 0 to 1; undefined beyond it. */
export function placeOn({ least, most }: Axis, value: number): number | undefined {
  const place = Math.log(value / least) / Math.log(most / least)
  return place >= -1e-9 && place <= 1 + 1e-9 ? Math.min(1, Math.max(0, place)) : undefined
}
