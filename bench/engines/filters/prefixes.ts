import roaring from 'roaring-wasm'
import { IdDigester } from './digested.js'
import { DigestFilter } from './filter.js'

/** Keys. Version 1.1.0 throws when its memory grows within an array of more than 983,040. */
const MOST_AT_ONCE = 2 ** 19

/**
 * The first 32 bits of each digest in a Roaring bitmap: the `trie` filter as others would build it. The
 * package is roaring-wasm: the native `roaring` is faster by its own account, but needs an install script.
 */
export class RoaringFilter extends DigestFilter {
  readonly name = 'roaring'
  readonly #bitmap = new roaring.RoaringBitmap32()
  readonly #digester = new IdDigester()
  #loading: Uint32Array
  #loaded = 0
  #prefixes = new Uint32Array(0)

  constructor(entries: number) {
    super()
    this.#loading = new Uint32Array(entries)
  }

  add(keys: readonly string[]): void {
    const bitmap = this.#bitmap
    for (const key of keys) bitmap.add(this.#prefix(key))
  }

  override load(keys: readonly string[]): void {
    for (const key of keys) this.#loading[this.#loaded++] = this.#prefix(key)
  }

  /** Sorts first: at a million keys this is thirty times faster than adding them in random order. */
  override settle(): void {
    const sorted = this.#loading.subarray(0, this.#loaded).sort()
    for (let from = 0; from < sorted.length; from += MOST_AT_ONCE)
      this.#bitmap.addMany(sorted.subarray(from, from + MOST_AT_ONCE))
    this.#bitmap.optimize()
    this.#loading = new Uint32Array(0)
  }

  count(keys: readonly string[]): number {
    const bitmap = this.#bitmap
    let found = 0
    for (const key of keys) if (bitmap.has(this.#prefix(key))) found++
    return found
  }

  ready(keys: readonly string[]): void {
    this.#prefixes = Uint32Array.from(keys, (key) => this.#prefix(key))
  }

  probe(): number {
    const bitmap = this.#bitmap
    let found = 0
    for (const prefix of this.#prefixes) if (bitmap.has(prefix)) found++
    return found
  }

  /** As it is written to a file: what it takes in the library's memory is not told, and is more. */
  bytes(): number {
    return this.#bitmap.getSerializationSizeInBytes('portable')
  }

  override close(): void {
    this.#bitmap.dispose()
  }

  #prefix(key: string): number {
    return (this.#digester.of(key)[2] ?? 0) >>> 0
  }
}

/** 53 bits of each digest, the most that a double holds exactly, in a sorted array: eight bytes an entry. */
export class SortedArray extends DigestFilter {
  readonly name = 'sorted array'
  readonly #values: Float64Array
  readonly #digester = new IdDigester()
  #length = 0
  #asked = new Float64Array(0)

  constructor(entries: number) {
    super()
    this.#values = new Float64Array(entries)
  }

  add(keys: readonly string[]): void {
    const values = this.#values
    for (const key of keys) {
      const value = this.#value(key)
      const at = this.#find(value)
      values.copyWithin(at + 1, at, this.#length++)
      values[at] = value
    }
  }

  override load(keys: readonly string[]): void {
    for (const key of keys) this.#values[this.#length++] = this.#value(key)
  }

  override settle(): void {
    this.#values.subarray(0, this.#length).sort()
  }

  count(keys: readonly string[]): number {
    let found = 0
    for (const key of keys) if (this.#has(this.#value(key))) found++
    return found
  }

  ready(keys: readonly string[]): void {
    this.#asked = Float64Array.from(keys, (key) => this.#value(key))
  }

  probe(): number {
    let found = 0
    for (const value of this.#asked) if (this.#has(value)) found++
    return found
  }

  bytes(): number {
    return this.#values.byteLength
  }

  #value(key: string): number {
    const digest = this.#digester.of(key)
    return ((digest[2] ?? 0) >>> 0) * 2 ** 21 + ((digest[3] ?? 0) >>> 11)
  }

  #has(value: number): boolean {
    const at = this.#find(value)
    return at < this.#length && this.#values[at] === value
  }

  /** The first place whose value is not less. */
  #find(value: number): number {
    const values = this.#values
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((values[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    return low
  }
}
