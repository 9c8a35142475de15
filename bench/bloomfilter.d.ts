/** The part of the npm package bloomfilter (Jason Davies) that is used here; it has no types of its own. */
declare module 'bloomfilter' {
  export class BloomFilter {
    constructor(bits: number | ArrayLike<number>, hashes: number)
    static withTargetError(entries: number, rate: number): BloomFilter
    readonly buckets: Uint32Array
    readonly k: number
    add(value: string): void
    test(value: string): boolean
  }
}
