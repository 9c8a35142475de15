/** The part of the package bloomfilter 1.1 that is measured; it has no types of its own. */
declare module 'bloomfilter' {
  export class BloomFilter {
    constructor(bits: number | ArrayLike<number>, hashes: number)
    /** Sized for so many entries at a false-positive rate. */
    static withTargetError(entries: number, rate: number): BloomFilter
    /** Bits. */
    readonly m: number
    /** Bits of an entry. */
    readonly k: number
    readonly buckets: Uint32Array
    add(key: string): void
    test(key: string): boolean
  }
}
