import { mean } from './statistics.js'

/** How a cost grows with a size: as size^exponent. 0 is constant, 1 is linear. */
export interface Growth {
  readonly exponent: number
  /** Standard error of the exponent, from the residuals; 0 for two points, which always lie on a line. */
  readonly standardError: number
}

/** Fits size^exponent to the points, by least squares on the logarithms of both. */
export function growth(points: readonly { readonly n: number; readonly value: number }[]): Growth {
  const logs = points.map(({ n, value }) => ({ x: Math.log(n), y: Math.log(value) }))
  const [meanX, meanY] = [mean(logs.map(({ x }) => x)), mean(logs.map(({ y }) => y))]
  const spread = sum(logs.map(({ x }) => (x - meanX) ** 2))
  const exponent = sum(logs.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread
  const residuals = sum(logs.map(({ x, y }) => (y - meanY - exponent * (x - meanX)) ** 2))
  const freedom = points.length - 2
  return { exponent, standardError: freedom < 1 ? 0 : Math.sqrt(residuals / freedom / spread) }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
