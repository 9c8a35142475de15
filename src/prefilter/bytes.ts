import { endianness } from 'node:os'
import { SnapshotError } from './snapshot-error.js'

const LITTLE_ENDIAN_HOST = endianness() === 'LE'

/** Turns words of `width` bytes from the host's byte order into little-endian, or back, in place. */
function swapOnBigEndian(bytes: Uint8Array, width: number): void {
  if (LITTLE_ENDIAN_HOST || width === 1) return
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (width === 2) buffer.swap16()
  else buffer.swap32()
}

/** Words as little-endian bytes: a view of the same memory on a little-endian host, a copy on another. */
export function littleEndian(words: Int32Array | Uint32Array | Uint16Array | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  if (LITTLE_ENDIAN_HOST) return bytes
  const copy = bytes.slice()
  swapOnBigEndian(copy, words.BYTES_PER_ELEMENT)
  return copy
}

/** Writes little-endian fields one after another into a buffer of a given size. */
export class ByteWriter {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  /** @param size - bytes */
  constructor(size: number) {
    this.bytes = new Uint8Array(size)
    this.#view = new DataView(this.bytes.buffer)
  }

  u32(value: number): void {
    this.#view.setUint32(this.#offset, value, true)
    this.#offset += 4
  }

  /** Writes a double. Counts are doubles too: exact up to 2^53, and easy to read in any language. */
  f64(value: number): void {
    this.#view.setFloat64(this.#offset, value, true)
    this.#offset += 8
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#offset)
    this.#offset += bytes.length
  }

  words(words: Int32Array | Uint32Array): void {
    this.raw(littleEndian(words))
  }
}

/**
 * Reads what {@link ByteWriter} wrote. Each method throws a {@link SnapshotError} when the bytes don't fit,
 * before it allocates anything.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#offset
  }

  #advance(size: number): number {
    const start = this.#offset
    if (size > this.left) throw new SnapshotError('body', `the tables end after ${this.#bytes.length} bytes`)
    this.#offset += size
    return start
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#advance(8), true)
  }

  /** A count, written as f64: a whole number from `least` to `most`. */
  count(least: number, most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.f64()
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new SnapshotError('body', `${value} is not a count from ${least} to ${most}`)
    }
    return value
  }

  /** A view of the next bytes, not a copy. */
  raw(size: number): Uint8Array {
    const start = this.#advance(size)
    return this.#bytes.subarray(start, start + size)
  }

  /** A copy of the next `count` words. */
  words(count: number): Int32Array {
    return new Int32Array(this.#copy(count, 4))
  }

  /** A copy of the next `count` unsigned words of 16 bits. */
  halfWords(count: number): Uint16Array<ArrayBuffer> {
    return new Uint16Array(this.#copy(count, 2))
  }

  #copy(count: number, width: number): ArrayBuffer {
    const copy = new Uint8Array(this.raw(count * width))
    swapOnBigEndian(copy, width)
    return copy.buffer
  }

  /** Checks that nothing is left. */
  end(): void {
    if (this.left > 0) throw new SnapshotError('body', `${this.left} bytes are left after the tables`)
  }
}
