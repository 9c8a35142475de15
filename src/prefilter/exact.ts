import type { Digest, Prefilter } from '../ports/index.js'
import { ByteReader, ByteWriter } from './bytes.js'
import type { PrefilterType } from './prefilter-type.js'
import { SnapshotError } from './snapshot-error.js'

/** The `exact` prefilter, as `create.ts` lists it. */
export const exact: PrefilterType = {
  snapshotCode: 3,
  options: ['expectedRevocations'],
  create: ({ expectedRevocations }) => new ExactPrefilter(expectedRevocations),
  decode: (body) => ExactPrefilter.decode(body),
}

/** Each shard grows on its own, so an add rehashes at most a 1024th of the set. */
const SHARDS = 1024
/** The leading 10 bits of a word choose the shard. */
const SHARD_SHIFT = 22

const MIN_SLOTS = 8
const MAX_LOAD = 0.75
const GROWTH = 1.5

/** 2^-32: turns a product of two 32-bit numbers into its high half. */
const HIGH_HALF = 2 ** -32

/** Stands for every shard without digests: one empty slot, and always full. */
const EMPTY_TABLE = new Int32Array(4)

/**
 * A hash set of whole digests: no false positives, 16 bytes an entry at a load of 0.5 to 0.75.
 *
 * Open addressing with linear probing in 1024 shards; an all-zero slot is empty. The slowest add rehashes one
 * shard, N/1024 digests: well under a millisecond at ten million entries.
 */
export class ExactPrefilter implements Prefilter {
  readonly kind = 'exact'
  readonly capacity: number
  readonly expectedFalsePositiveRate = 0
  /** Four words a slot. */
  readonly #shards: Int32Array[] = new Array<Int32Array>(SHARDS).fill(EMPTY_TABLE)
  readonly #counts = new Int32Array(SHARDS)
  #entries = 0
  #slotBytes = 0
  /** Whether the all-zero digest was added. No slot can hold it. */
  #hasZero = false

  /** @param expectedRevocations - reported as `capacity`; growing is cheap. Whole, at least 1 */
  constructor(expectedRevocations: number) {
    this.capacity = expectedRevocations
  }

  get entries(): number {
    return this.#entries
  }

  get bytes(): number {
    return this.#slotBytes + this.#counts.byteLength
  }

  has(digest: Digest): boolean {
    const table = this.#shards[(digest[2] ?? 0) >>> SHARD_SHIFT] ?? EMPTY_TABLE
    return !isEmpty(table, find(table, digest)) || (this.#hasZero && isZero(digest))
  }

  add(digest: Digest): boolean {
    if (isZero(digest)) return this.#addZero()
    const shard = (digest[2] ?? 0) >>> SHARD_SHIFT
    let table = this.#shards[shard] ?? EMPTY_TABLE
    let at = find(table, digest)
    if (!isEmpty(table, at)) return false
    const count = (this.#counts[shard] ?? 0) + 1
    if (count > (table.length / 4) * MAX_LOAD) {
      table = this.#resize(shard, Math.max(MIN_SLOTS, Math.ceil((table.length / 4) * GROWTH)))
      at = find(table, digest)
    }
    copySlot(digest, 0, table, at)
    this.#counts[shard] = count
    this.#entries++
    return true
  }

  #addZero(): boolean {
    if (this.#hasZero) return false
    this.#hasZero = true
    this.#entries++
    return true
  }

  #resize(shard: number, slots: number): Int32Array {
    const old = this.#shards[shard] ?? EMPTY_TABLE
    const table = new Int32Array(slots * 4)
    for (let from = 0; from < old.length; from += 4) {
      if (isEmpty(old, from)) continue
      let to = home(old[from + 3] ?? 0, table)
      while (!isEmpty(table, to)) to = to + 4 === table.length ? 0 : to + 4
      copySlot(old, from, table, to)
    }
    this.#slotBytes += table.byteLength - (old === EMPTY_TABLE ? 0 : old.byteLength)
    this.#shards[shard] = table
    return table
  }

  /** The digests as bytes; snapshot.ts describes the layout. */
  encode(): readonly Uint8Array[] {
    const writer = new ByteWriter(8 + 8 + this.#entries * 16)
    writer.f64(this.capacity)
    writer.f64(this.#entries)
    if (this.#hasZero) writer.words(EMPTY_TABLE)
    const packed = new Int32Array((this.#entries - Number(this.#hasZero)) * 4)
    let end = 0
    for (const table of this.#shards) {
      for (let at = 0; at < table.length; at += 4) {
        if (isEmpty(table, at)) continue
        copySlot(table, at, packed, end)
        end += 4
      }
    }
    writer.words(packed)
    return [writer.bytes]
  }

  /**
   * Restores what {@link ExactPrefilter.encode} wrote.
   *
   * @throws {SnapshotError} `body` when the bytes are not a set of digests
   */
  static decode(body: Uint8Array): ExactPrefilter {
    const reader = new ByteReader(body)
    const set = new ExactPrefilter(reader.count(1))
    const words = reader.words(4 * reader.count(0, reader.left / 16))
    reader.end()
    set.#reserve(words)
    const digest = new Int32Array(4)
    for (let at = 0; at < words.length; at += 4) {
      copySlot(words, at, digest, 0)
      if (!set.add(digest)) throw new SnapshotError('body', 'a digest appears twice')
    }
    return set
  }

  /** Sizes all shards at once: digests in slot order would pile up at the front of a table that grows. */
  #reserve(words: Int32Array): void {
    const counts = new Int32Array(SHARDS)
    for (let at = 0; at < words.length; at += 4) {
      const shard = (words[at + 2] ?? 0) >>> SHARD_SHIFT
      counts[shard] = (counts[shard] ?? 0) + 1
    }
    counts.forEach((count, shard) => {
      if (count > 0) this.#resize(shard, Math.max(MIN_SLOTS, Math.ceil(count / MAX_LOAD) + 1))
    })
  }
}

function isEmpty(table: Int32Array, at: number): boolean {
  return ((table[at] ?? 0) | (table[at + 1] ?? 0) | (table[at + 2] ?? 0) | (table[at + 3] ?? 0)) === 0
}

function isZero(digest: Digest): boolean {
  return isEmpty(digest, 0)
}

/** Copies one slot, element by element: for four elements a call of `set` costs several times as much. */
function copySlot(from: Int32Array, at: number, to: Int32Array, index: number): void {
  for (let i = 0; i < 4; i++) to[index + i] = from[at + i] ?? 0
}

/** The index of the first word of the slot where a digest belongs, by its last word. */
function home(word: number, table: Int32Array): number {
  return (((word >>> 0) * (table.length >>> 2) * HIGH_HALF) | 0) << 2
}

/** The slot that holds a digest, or the empty slot where it would go. Every table has an empty slot. */
function find(table: Int32Array, digest: Digest): number {
  const a = digest[0]
  const b = digest[1]
  const c = digest[2]
  const d = digest[3] ?? 0
  let at = home(d, table)
  for (;;) {
    if (table[at + 3] === d && table[at + 2] === c && table[at + 1] === b && table[at] === a) return at
    if (isEmpty(table, at)) return at
    at += 4
    if (at === table.length) at = 0
  }
}
