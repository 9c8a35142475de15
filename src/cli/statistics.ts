/** The value that a share of the numbers is below; NaN of no numbers. */
export function quantile(values: readonly number[], share: number): number {
  return Float64Array.from(values).sort()[Math.floor(values.length * share)] ?? Number.NaN
}

/** The median; NaN of no numbers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
