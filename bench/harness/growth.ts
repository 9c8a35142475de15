import { mean } from './statistics.js'

/** How a cost grows with a size: as size^exponent. 0 is constant, 1 is linear. */
export interface Growth {
  readonly exponent: number
  /** Of the exponent, from how far the points lie from the line; 0 where two points leave nothing to judge by. */
  readonly standardError: number
}

/** Least squares on the logarithms of both. */
export function growth(points: readonly { readonly n: number; readonly value: number }[]): Growth {
  const xs = points.map(({ n }) => Math.log(n))
  const ys = points.map(({ value }) => Math.log(value))
  const [meanX, meanY] = [mean(xs), mean(ys)]
  const spread = sum(xs.map((x) => (x - meanX) ** 2))
  const exponent = sum(xs.map((x, i) => (x - meanX) * (ys[i] - meanY))) / spread
  const residuals = sum(xs.map((x, i) => (ys[i] - meanY - exponent * (x - meanX)) ** 2))
  const freedom = points.length - 2
  return { exponent, standardError: freedom < 1 ? 0 : Math.sqrt(residuals / freedom / spread) }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
