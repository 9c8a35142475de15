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
    const end = this.#write(this.#message, value)
    if (end < 0) throw this.#fault(name, value)
    return this.#finish(midstate, end)
  }

  /**
   * As {@link Digester.values}, for the claims of a token, whose values may be anything.
   *
   * @returns false, without a digest, when a value is neither a non-empty, well-formed string nor a safe
   *   integer
   * @throws {RevocadeError} ERR_INVALID_TOKEN when the values are too long
   */
  tryValues(midstate: Midstate, names: readonly string[], values: readonly unknown[]): boolean {
    const end = values.length === 1 ? this.#write(this.#message, values[0]) : this.#writeAll(values)
    if (end < 0) return this.#refuseLong(names, values)
    this.#finish(midstate, end)
    return true
  }

  /** As {@link Digester.tryValues} for one string. */
  tryString(midstate: Midstate, name: string, value: string): boolean {
    const end = this.#writeString(this.#message, value)
    if (end < 0) return this.#refuseLong([name], [value])
    this.#finish(midstate, end)
    return true
  }

  /**
   * Digest of a prefix and the values of claims, in the order of their names, into {@link Digester.words}.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN as {@link Digester.one}
   */
  values(midstate: Midstate, names: readonly string[], values: readonly unknown[]): Digest {
    const [name] = names
    if (names.length === 1 && name !== undefined) return this.one(midstate, name, values[0])
    const end = this.#writeAll(values)
    if (end < 0) throw this.#faultOfAll(names, values)
    return this.#finish(midstate, end)
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

  /** Writes several values, each after its length; returns the address after them, or -1. */
  #writeAll(values: readonly unknown[]): number {
    let address = this.#message
    for (const value of values) {
      const end = this.#write(address + 4, value)
      if (end < 0) return -1
      this.#view.setUint32(address, end - address - 4, true)
      address = end
    }
    return address
  }

  /** Writes the tag and the bytes of a value; returns the address after it, or -1 if it can't be encoded. */
  #write(address: number, value: unknown): number {
    if (typeof value === 'string') return this.#writeString(address, value)
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return -1
    if (address + 9 > this.#end) return -1
    this.#bytes[address] = INTEGER_TAG
    // An i64 in two's complement, as two words: a BigInt would be an allocation.
    this.#view.setInt32(address + 1, value, true)
    this.#view.setInt32(address + 5, Math.floor(value / 0x1_0000_0000), true)
    return address + 9
  }

  #writeString(address: number, value: string): number {
    const length = value.length
    if (length === 0 || address + 1 + SHORT_STRING > this.#end) return -1
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
    if (!value.isWellFormed()) return -1
    const end = Math.min(this.#end, address + 1 + this.#maxBytes)
    const room = address === this.#message ? this.#value : bytes.subarray(address + 1, end)
    const { read, written } = encoder.encodeInto(value, room)
    return read === length ? address + 1 + written : -1
  }

  #faultOfAll(names: readonly string[], values: readonly unknown[]): RevocadeError {
    const at = Math.max(
      0,
      values.findIndex((value) => !isEncodable(value)),
    )
    return this.#fault(names[at] ?? '', values[at])
  }

  #refuseLong(names: readonly string[], values: readonly unknown[]): false {
    if (values.every(isEncodable)) throw this.#faultOfAll(names, values)
    return false
  }

  #fault(name: string, value: unknown): RevocadeError {
    return isEncodable(value) ? claimTooLong(name, this.#maxBytes) : unusableClaim(name, value)
  }
}

/** Whether a value of any length has an encoding. */
export function isEncodable(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && value.isWellFormed()
  return Number.isSafeInteger(value)
}
