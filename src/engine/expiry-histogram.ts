/** Width of a bucket in seconds: 30 days of expiries take about 5,000 numbers. */
const BUCKET_SECONDS = 512

/**
 * Counts entries by when they expire, so that a filter that cannot forget knows what a rebuild would save.
 */
export class ExpiryHistogram {
  readonly #counts = new Map<number, number>()

  /** `expiresAt` in NumericDate seconds. */
  add(expiresAt: number): void {
    const bucket = Math.ceil(expiresAt / BUCKET_SECONDS)
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
  }

  /** How many entries expired by `now` (NumericDate seconds); up to a bucket's width late. O(buckets). */
  expiredBy(now: number): number {
    let expired = 0
    for (const [bucket, count] of this.#counts) if (bucket * BUCKET_SECONDS <= now) expired += count
    return expired
  }

  /** Adds the counts of another histogram. */
  merge(buckets: readonly (readonly [number, number])[]): void {
    for (const [bucket, count] of buckets) this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
  }

  toJSON(): readonly (readonly [number, number])[] {
    return [...this.#counts]
  }

  static from(buckets: readonly (readonly [number, number])[]): ExpiryHistogram {
    const histogram = new ExpiryHistogram()
    histogram.merge(buckets)
    return histogram
  }
}
