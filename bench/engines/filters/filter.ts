/**
 * A set of keys in the `prefilter` case. Each class has its own loops, so that V8 compiles them for it alone.
 */
export abstract class Filter {
  abstract readonly name: string
  /** Ours may lose nothing and answer no more than a promised share wrongly; what others do is reported. */
  readonly ours: boolean = false

  /** Adds keys one after the other, each found at once: as revocations come. */
  abstract add(keys: readonly string[]): void

  /** How many of the keys it says it holds. */
  abstract count(keys: readonly string[]): number

  /**
   * The false-positive rate at so many entries, as the filter says or by the textbook; 0 if none is known.
   */
  expectedRate(_entries: number): number {
    return 0
  }

  /** Of its tables; undefined where they lie on the heap, which only a collection weighs. */
  abstract bytes(): number | undefined

  /**
   * Adds keys while the set is built, the fastest way it has.
   * After {@link Filter.settle}, use {@link Filter.add}.
   */
  load(keys: readonly string[]): void {
    this.add(keys)
  }

  settle(): void {
    // where each was in its place at once
  }

  /** Frees what no garbage collection does. */
  close(): void {
    // nothing, mostly
  }
}

/** One that is asked with a digest: its key need not be hashed twice. */
export abstract class DigestFilter extends Filter {
  /** Makes what is asked with of keys, for the next {@link DigestFilter.probe}. */
  abstract ready(keys: readonly string[]): void

  /** How many of these it holds. */
  abstract probe(): number
}
