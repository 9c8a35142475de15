/** The sum of numbers. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** The mean; 0 of no numbers. */
export const mean = (values: readonly number[]): number => sum(values) / Math.max(1, values.length)

/** The median; 0 of no numbers. */
export const median = (values: readonly number[]): number => quantile(ascending(values), 0.5)

/** The numbers in ascending order, as {@link quantile} needs them. */
export const ascending = (values: readonly number[]): Float64Array => Float64Array.from(values).sort()

/** The value that a share of the sorted numbers is below; 0 of no numbers. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted.at(Math.min(sorted.length - 1, Math.floor(sorted.length * share))) ?? 0
}
