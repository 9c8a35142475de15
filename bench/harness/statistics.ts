/** Samples in ascending order, for {@link quantile}. */
export const sorted = (samples: readonly number[]): Float64Array => Float64Array.from(samples).sort()

/** The sample below which a share of the sorted ones lies; NaN where there are none. */
export function quantile(ascending: Float64Array, share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN
}

/** The median; NaN where there are no samples. */
export const median = (samples: readonly number[]): number => quantile(sorted(samples), 0.5)

/** The arithmetic mean. */
export const mean = (samples: readonly number[]): number =>
  samples.reduce((sum, sample) => sum + sample, 0) / samples.length
