/** Bytes of the shared memory that typed values are appended to; it grows as needed. Little-endian. */
export class ByteWriter {
  /** Bytes in use. */
  length = 0
  #bytes: Buffer
  #view: DataView<ArrayBuffer>

  constructor(initialBytes: number) {
    const memory = new ArrayBuffer(initialBytes)
    this.#bytes = Buffer.from(memory)
    this.#view = new DataView(memory)
  }

  uint(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.length, value, true)
    this.length += 4
  }

  float(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  /** Their length, and the bytes. */
  bytes(value: Uint8Array): void {
    this.uint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.length)
    this.length += value.length
  }

  /** The length in bytes, and the UTF-8. */
  text(value: string): void {
    this.#reserve(4 + value.length * 3) // UTF-8 needs at most 3 bytes for a UTF-16 unit
    const written = this.#bytes.write(value, this.length + 4, 'utf8')
    this.uint(written)
    this.length += written
  }

  /** Hands out the memory for transfer. The writer can't be used afterwards. */
  release(): ArrayBuffer {
    return this.#view.buffer
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const memory = new ArrayBuffer(Math.max(this.#bytes.length * 2, this.length + bytes))
    const grown = Buffer.from(memory)
    grown.set(this.#bytes.subarray(0, this.length))
    this.#bytes = grown
    this.#view = new DataView(memory)
  }
}

/** Reads what a {@link ByteWriter} wrote, in the same order. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(memory: ArrayBuffer) {
    this.#bytes = Buffer.from(memory)
  }

  uint(): number {
    this.#at += 4
    return this.#bytes.readUInt32LE(this.#at - 4)
  }

  float(): number {
    this.#at += 8
    return this.#bytes.readDoubleLE(this.#at - 8)
  }

  /** A view of the memory. */
  bytes(): Buffer {
    const length = this.uint()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  text(): string {
    const length = this.uint()
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
}
