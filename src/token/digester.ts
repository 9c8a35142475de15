/// <reference lib="es2024.string" />
import { RevocadeError } from '../errors.js'
import type { Digest } from '../ports/index.js'
import { claimTooLong, unusableClaim } from './claim-values.js'
import { encodePrefix, INTEGER_TAG, type Kind, STRING_TAG } from './encoding.js'
import { createSipHash, type SipHash } from './siphash.js'

/** The hash state after a prefix. */
export interface Midstate {
  /** Where the state lies in the memory. */
  readonly address: number
  /** Bytes that it has absorbed. */
  readonly length: number
}

// The memory holds the key, the result, a state for prefixes used once, the state of the bare key, the kept
// states, and from #message on the bytes to absorb. These are addresses in it.
const KEY = 0
const RESULT = 16
const SCRATCH = 32
const KEYED = 64
const STATES = 96
const STATE_BYTES = 32

/** Bytes of a prefix that are absorbed at a time; the message area is at least as large. */
const CHUNK_BYTES = 4096

/**
 * Characters up to which a loop over `charCodeAt` is faster than `encodeInto`: 14 ns against 57 at 4
 * characters, equal at 24.
 */
const SHORT_STRING = 24

const encoder = new TextEncoder()

/**
 * Digests of values after cached prefixes. It writes the canonical encoding straight into WebAssembly memory,
 * so a digest allocates nothing.
 */
export class Digester {
  /** The result of the last digest. It is one view, which the next digest overwrites. */
  readonly words: Digest
  readonly #siphash: SipHash
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #message: number
  /** The part of the memory for the string of a single value. */
  readonly #value: Uint8Array
  readonly #end: number
  readonly #maxBytes: number
  #nextState = STATES
  #written = 0

  /**
   * @param key 16 bytes
   * @param states number of midstates that can be kept
   * @param maxBytes the longest value, in UTF-8 bytes
   */
  constructor(key: Uint8Array, states: number, maxBytes: number) {
    this.#message = STATES + states * STATE_BYTES
    this.#end = this.#message + Math.max(maxBytes, CHUNK_BYTES) + 1024
    // 8 bytes more, because the last block is read whole.
    this.#siphash = createSipHash(this.#end + 8)
    this.#bytes = new Uint8Array(this.#siphash.memory)
    this.#view = new DataView(this.#siphash.memory)
    this.#value = this.#bytes.subarray(this.#message + 1, this.#message + 1 + maxBytes)
    this.#maxBytes = maxBytes
    this.words = new Int32Array(this.#siphash.memory, RESULT, 4)
    this.#bytes.set(key, KEY)
    this.#siphash.init(KEY, KEYED)
  }

  /**
   * Absorbs a prefix and keeps the state.
   *
   * @param reuse a midstate to overwrite, from an earlier call
   * @throws {RevocadeError} ERR_CONFIG when no more can be kept
   */
  keep(kind: Kind, fields: readonly string[], reuse?: Midstate): Midstate {
    if (reuse !== undefined) return this.#absorb(kind, fields, reuse.address)
    if (this.#nextState === this.#message) {
      throw new RevocadeError(
        'ERR_CONFIG',
        'too many different sets of claims are used as selectors: use fewer',
      )
    }
    const midstate = this.#absorb(kind, fields, this.#nextState)
    this.#nextState += STATE_BYTES
    return midstate
  }

  /** Absorbs a prefix for one use; the next call overwrites it. */
  once(kind: Kind, fields: readonly string[]): Midstate {
    return this.#absorb(kind, fields, SCRATCH)
  }

  /**
   * Digest of a prefix and one value, into {@link Digester.words}.
   *
   * @param name names the claim in the error message
   * @throws {RevocadeError} ERR_INVALID_TOKEN when the value is neither a non-empty string nor a safe
   *   integer, or is too long
   */
  one(midstate: Midstate, name: string, value: unknown): Digest {
    return this.#finish(midstate, this.#write(this.#message, name, value))
  }

  /**
   * Digest of a prefix and the values of claims, in the order of their names, into {@link Digester.words}.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN as {@link Digester.one}
   */
  values(midstate: Midstate, names: readonly string[], values: readonly unknown[]): Digest {
    const [name] = names
    if (names.length === 1 && name !== undefined) return this.one(midstate, name, values[0])
    let address = this.#message
    names.forEach((name, i) => {
      const end = this.#write(address + 4, name, values[i])
      this.#view.setUint32(address, end - address - 4, true)
      address = end
    })
    return this.#finish(midstate, address)
  }

  /** A copy of the encoded values of the last digest, which follow the prefix. For tests of the encoding. */
  encodedValues(): Uint8Array {
    return this.#bytes.slice(this.#message, this.#message + this.#written)
  }

  #absorb(kind: Kind, fields: readonly string[], address: number): Midstate {
    const prefix = encodePrefix(kind, fields)
    let state = KEYED
    for (let start = 0; start < prefix.length; start += CHUNK_BYTES) {
      const chunk = prefix.subarray(start, start + CHUNK_BYTES)
      this.#bytes.set(chunk, this.#message)
      this.#siphash.absorb(state, this.#message, chunk.length, address)
      state = address
    }
    return { address, length: prefix.length }
  }

  #finish(midstate: Midstate, end: number): Digest {
    const length = end - this.#message
    this.#written = length
    this.#siphash.finish(midstate.address, this.#message, length, midstate.length + length, RESULT)
    return this.words
  }

  /** Writes the tag and the bytes of a value; returns the address after it. */
  #write(address: number, name: string, value: unknown): number {
    if (typeof value === 'string') return this.#writeString(address, name, value)
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw unusableClaim(name, value)
    if (address + 9 > this.#end) throw claimTooLong(name, this.#maxBytes)
    this.#bytes[address] = INTEGER_TAG
    // An i64 in two's complement, as two words: a BigInt would be an allocation.
    this.#view.setInt32(address + 1, value, true)
    this.#view.setInt32(address + 5, Math.floor(value / 0x1_0000_0000), true)
    return address + 9
  }

  #writeString(address: number, name: string, value: string): number {
    const length = value.length
    if (length === 0) throw unusableClaim(name, value)
    if (address + 1 + SHORT_STRING > this.#end) throw claimTooLong(name, this.#maxBytes)
    const bytes = this.#bytes
    bytes[address] = STRING_TAG
    if (length <= SHORT_STRING) {
      let i = 0
      for (; i < length; i++) {
        const code = value.charCodeAt(i)
        if (code > 127) break
        bytes[address + 1 + i] = code
      }
      if (i === length) return address + 1 + length
    }
    // encodeInto writes U+FFFD for any lone surrogate, so two ids would have one digest.
    if (!value.isWellFormed()) throw unusableClaim(name, value)
    const room = address === this.#message ? this.#value : bytes.subarray(address + 1, this.#end)
    const { read, written } = encoder.encodeInto(value, room)
    if (read !== length) throw claimTooLong(name, this.#maxBytes)
    return address + 1 + written
  }
}
