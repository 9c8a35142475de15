/** A set of keys as the `prefilter` case measures it: each has loops of its own, so that V8 compiles them for it alone. */
export abstract class Filter {
  abstract readonly name: string
  /** Ours may lose nothing and answer no more than a promised share wrongly; what others do is reported. */
  readonly ours: boolean = false

  /** Adds keys one after the other, each found at once: as revocations come. */
  abstract add(keys: readonly string[]): void

  /** How many of the keys it says it holds. */
  abstract count(keys: readonly string[]): number

  /** The false-positive rate with so many entries, by its own account or by the textbook; 0 where there is none, or none is known. */
  expectedRate(_entries: number): number {
    return 0
  }

  /** Of its tables; undefined where they lie on the heap, which only a collection weighs. */
  abstract bytes(): number | undefined

  /** Adds keys to a set that is being built, the fastest way there is. Once {@link Filter.settle} was called there is only {@link Filter.add}. */
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
