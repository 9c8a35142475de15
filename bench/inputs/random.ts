import { createHash } from 'node:crypto'

/** Chris Doty-Humphrey's sfc32, seeded by text: fast, and the same numbers on every machine. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1
  readonly #words = new Int32Array(4)
  readonly #bytes = Buffer.from(this.#words.buffer)

  constructor(...seed: readonly (string | number)[]) {
    const hash = createHash('sha256').update(seed.join('/')).digest()
    this.#a = hash.readInt32LE(0)
    this.#b = hash.readInt32LE(4)
    this.#c = hash.readInt32LE(8)
    for (let i = 0; i < 16; i++) this.int32()
  }

  int32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum
  }

  /** From 0 to 1, exclusive. */
  share(): number {
    return (this.int32() >>> 0) / 2 ** 32
  }

  fill(words: Int32Array): Int32Array {
    for (let i = 0; i < words.length; i++) words[i] = this.int32()
    return words
  }

  /** An even number of hexadecimal digits, at most 32. */
  hex(digits: number): string {
    this.fill(this.#words)
    return this.#bytes.toString('hex', 0, digits >> 1)
  }

  /** 36 characters in the form of a UUID. */
  uuid(): string {
    const digits = this.hex(32)
    const [time, version, variant] = [digits.slice(0, 8), digits.slice(13, 16), digits.slice(17, 20)]
    return `${time}-${digits.slice(8, 12)}-4${version}-a${variant}-${digits.slice(20)}`
  }
}
