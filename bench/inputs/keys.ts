import { Random } from './random.js'

/**
 * The kinds of token ids: random, sorted by time, numbered by a database, and opaque and as long as a cookie.
 */
export const KEY_KINDS = ['uuidv4', 'uuidv7', 'sequential', '300 characters'] as const
export type KeyKind = (typeof KEY_KINDS)[number]

const LENGTHS: Readonly<Record<KeyKind, number>> = {
  uuidv4: 36,
  uuidv7: 36,
  sequential: 10,
  '300 characters': 300,
}

/** Milliseconds since 1970 of the first UUIDv7; each that follows is a millisecond younger. */
const FIRST_MS = 1_750_000_000_000

/** The first of the sequential ones: all have the same length up to two billion. */
const FIRST_NUMBER = 1_000_000_000

/** Of a word come so many characters of six bits. */
const PER_WORD = 5

const HEX = Buffer.from('0123456789abcdef')
const BASE64URL = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const [DASH = 0, ZERO = 0] = Buffer.from('-0')

/**
 * Numbered keys of one kind, made from number and seed, so that ten million of them need no memory. Each call
 * makes a new string, as a parser does: flat, its hash not computed yet.
 */
export class Keys {
  readonly kind: KeyKind
  readonly #seeds = new Int32Array(LENGTHS['300 characters'] / PER_WORD)
  readonly #text: Buffer

  constructor(kind: KeyKind, seed: string) {
    this.kind = kind
    this.#text = Buffer.alloc(LENGTHS[kind])
    new Random(seed, 'keys', kind).fill(this.#seeds)
  }

  /** @param index - whole, 0 to 2^30 */
  at(index: number): string {
    if (this.kind === 'sequential') this.#number(FIRST_NUMBER + index)
    else if (this.kind === '300 characters') this.#opaque(index)
    else this.#uuid(index)
    return this.#text.toString('latin1')
  }

  /** Keys number `from` up to `to`, exclusive. */
  range(from: number, to: number): string[] {
    return Array.from({ length: to - from }, (_, i) => this.at(from + i))
  }

  /** The forms of RFC 9562, 5.4 and 5.7. */
  #uuid(index: number): void {
    const ms = FIRST_MS + index
    const dated = this.kind === 'uuidv7'
    const second = this.#word(index, 1)
    this.#hex(dated ? Math.floor(ms / 65_536) : this.#word(index, 0), 0)
    // The low half: version and what follows it.
    const low = (second & 0x0fff) | (dated ? 0x7000 : 0x4000)
    this.#hex(((dated ? ms % 65_536 : second >>> 16) << 16) | low, 8)
    this.#hex((this.#word(index, 2) & 0x3fffffff) | 0x80000000, 16)
    this.#hex(this.#word(index, 3), 24)
    for (const at of [8, 13, 18, 23]) this.#text[at] = DASH
  }

  /** Eight digits, the first being number `at` of all 32; dashes stand before digits 8, 12, 16 and 20. */
  #hex(word: number, at: number): void {
    for (let i = 0; i < 8; i++) {
      const digit = at + i
      const dashes = digit < 8 ? 0 : Math.min(4, (digit >> 2) - 1)
      this.#text[digit + dashes] = HEX[(word >>> (28 - 4 * i)) & 15] ?? 0
    }
  }

  #number(value: number): void {
    for (let i = this.#text.length - 1, left = value; i >= 0; i--, left = Math.floor(left / 10))
      this.#text[i] = ZERO + (left % 10)
  }

  #opaque(index: number): void {
    for (let i = 0, at = 0; at < this.#text.length; i++) {
      for (let word = this.#word(index, i), j = 0; j < PER_WORD; j++, word >>>= 6)
        this.#text[at++] = BASE64URL[word & 63] ?? 0
    }
  }

  /** Austin Appleby's finalizer of MurmurHash3: one to one, so no two numbers share their first word. */
  #word(index: number, stream: number): number {
    let word = Math.imul(index, 0x9e3779b1) ^ (this.#seeds[stream] ?? 0)
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return word ^ (word >>> 16)
  }
}
