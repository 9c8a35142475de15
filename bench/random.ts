import { createHash } from 'node:crypto'

/** Chris Doty-Humphrey's sfc32, seeded by text: fast, and the same numbers on every machine. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

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

  fill(words: Int32Array): Int32Array {
    for (let i = 0; i < words.length; i++) words[i] = this.int32()
    return words
  }

  /** So many hexadecimal digits, at most 8. */
  hex(digits: number): string {
    return (this.int32() >>> 0).toString(16).padStart(8, '0').slice(0, digits)
  }

  /** 36 characters in the form of a UUID. */
  uuid(): string {
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(8)}${this.hex(4)}`
  }
}
