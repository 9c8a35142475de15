import type { Digest } from '../ports/index.js'
import { ByteReader, ByteWriter } from './bytes.js'
import type { DeletablePrefilter } from './deletable.js'
import { SnapshotError } from './snapshot-error.js'

/** So many small tables, each growing by itself: no add ever rehashes more than a 1024th of the set. */
const SHARDS = 1024
const SHARD_SHIFT = 22

const FULLEST = 0.75
const GROWTH = 1.5

/** 2^-32: turns a product of two 32-bit numbers into its high half. */
const HIGH_HALF = 2 ** -32

/** Stands for every shard that nothing was added to: one empty slot, and always full. */
const EMPTY = new Int32Array(4)

/**
 * A hash set of whole digests: no false positives, 16 bytes an entry over a load of 0.5 to 0.75.
 *
 * Open addressing with linear probing in 1024 shards; an all-zero slot is empty. `add` and `delete` are
 * idempotent and exact. The worst add rehashes one shard, N/1024 digests: well under a millisecond at
 * ten million. Shards never shrink: rebuild for that.
 */
export class ExactPrefilter implements DeletablePrefilter {
  readonly kind = 'exact'
  readonly capacity: number
  readonly expectedFalsePositiveRate = 0
  /** Four words a slot. */
  private readonly shards: Int32Array[] = new Array<Int32Array>(SHARDS).fill(EMPTY)
  private readonly counts = new Int32Array(SHARDS)
  private count = 0
  private slotBytes = 0
  /** The zero digest can't stand in a slot. No real digest is zero, but a set that is only nearly exact is not. */
  private zero = false

  /** @param expectedRevocations - whole, >= 1; only told back as `capacity`, growth costs little */
  constructor(expectedRevocations: number) {
    this.capacity = expectedRevocations
  }

  get entries(): number {
    return this.count
  }

  get bytes(): number {
    return this.slotBytes + this.counts.byteLength
  }

  has(digest: Digest): boolean {
    const table = this.shards[digest[2] >>> SHARD_SHIFT]
    return !isEmpty(table, find(table, digest)) || (this.zero && isZero(digest))
  }

  add(digest: Digest): boolean {
    if (isZero(digest)) {
      if (this.zero) return false
      this.zero = true
      this.count++
      return true
    }
    const shard = digest[2] >>> SHARD_SHIFT
    let table = this.shards[shard]
    let at = find(table, digest)
    if (!isEmpty(table, at)) return false
    if (this.counts[shard] + 1 > (table.length / 4) * FULLEST) {
      table = this.resize(shard, Math.max(8, Math.ceil((table.length / 4) * GROWTH)))
      at = find(table, digest)
    }
    // Element by element: for four of them `set` costs more than all the rest.
    for (let i = 0; i < 4; i++) table[at + i] = digest[i]
    this.counts[shard]++
    this.count++
    return true
  }

  /** Forgets a digest, whole and at once. Returns whether it was there. */
  delete(digest: Digest): boolean {
    if (isZero(digest)) {
      const was = this.zero
      this.zero = false
      if (was) this.count--
      return was
    }
    const shard = digest[2] >>> SHARD_SHIFT
    const table = this.shards[shard]
    const at = find(table, digest)
    if (isEmpty(table, at)) return false
    close(table, at)
    this.counts[shard]--
    this.count--
    return true
  }

  private resize(shard: number, slots: number): Int32Array {
    const old = this.shards[shard]
    const table = new Int32Array(slots * 4)
    for (let from = 0; from < old.length; from += 4) {
      if (isEmpty(old, from)) continue
      let to = home(old[from + 3], table)
      while (!isEmpty(table, to)) to = to + 4 === table.length ? 0 : to + 4
      for (let i = 0; i < 4; i++) table[to + i] = old[from + i]
    }
    this.slotBytes += table.byteLength - (old === EMPTY ? 0 : old.byteLength)
    this.shards[shard] = table
    return table
  }

  /** The layout is described in snapshot.ts. */
  encode(): readonly Uint8Array[] {
    const writer = new ByteWriter(8 + 8 + this.count * 16)
    writer.f64(this.capacity)
    writer.f64(this.count)
    if (this.zero) writer.words(EMPTY)
    const packed = new Int32Array((this.count - Number(this.zero)) * 4)
    let end = 0
    for (const table of this.shards) {
      for (let at = 0; at < table.length; at += 4) {
        if (isEmpty(table, at)) continue
        for (let i = 0; i < 4; i++) packed[end++] = table[at + i]
      }
    }
    writer.words(packed)
    return [writer.bytes]
  }

  /** Reads what {@link ExactPrefilter.encode} wrote; a `SnapshotError` where it can't be. */
  static decode(body: Uint8Array): ExactPrefilter {
    const reader = new ByteReader(body)
    const set = new ExactPrefilter(reader.count(1))
    const words = reader.words(4 * reader.count(0, reader.left / 16))
    reader.end()
    // Sized beforehand: digests come in the order of their slots, and filling a growing table in that
    // order piles them up at its front.
    const expected = new Int32Array(SHARDS)
    for (let at = 0; at < words.length; at += 4) expected[words[at + 2] >>> SHARD_SHIFT]++
    expected.forEach((count, shard) => {
      if (count > 0) set.resize(shard, Math.max(8, Math.ceil(count / FULLEST) + 1))
    })
    const digest = new Int32Array(4)
    for (let at = 0; at < words.length; at += 4) {
      for (let i = 0; i < 4; i++) digest[i] = words[at + i]
      if (!set.add(digest)) throw new SnapshotError('body', 'a digest stands there twice')
    }
    return set
  }
}

function isEmpty(table: Int32Array, at: number): boolean {
  return (table[at] | table[at + 1] | table[at + 2] | table[at + 3]) === 0
}

function isZero(digest: Digest): boolean {
  return (digest[0] | digest[1] | digest[2] | digest[3]) === 0
}

/** The slot a digest would like best, by its last word; as the index of the slot's first word. */
function home(word: number, table: Int32Array): number {
  return (((word >>> 0) * (table.length >>> 2) * HIGH_HALF) | 0) << 2
}

/** The slot that holds a digest, or the empty one where it would go. There is always an empty one. */
function find(table: Int32Array, digest: Digest): number {
  const a = digest[0]
  const b = digest[1]
  const c = digest[2]
  const d = digest[3]
  let at = home(d, table)
  while (!isEmpty(table, at)) {
    if (table[at + 3] === d && table[at + 2] === c && table[at + 1] === b && table[at] === a) break
    at += 4
    if (at === table.length) at = 0
  }
  return at
}

/**
 * Empties a slot and closes the gap: moves back each digest after it that may stand there, so that no
 * search ends early (Knuth, TAOCP 3, 6.4, algorithm R). No tombstones to collect.
 */
function close(table: Int32Array, gap: number): void {
  let at = gap
  for (;;) {
    at = at + 4 === table.length ? 0 : at + 4
    if (isEmpty(table, at)) break
    const wanted = home(table[at + 3], table)
    // It may move unless its home lies cyclically after the gap, up to where it stands.
    const after = gap < at ? wanted > gap && wanted <= at : wanted > gap || wanted <= at
    if (after) continue
    for (let i = 0; i < 4; i++) table[gap + i] = table[at + i]
    gap = at
  }
  table.fill(0, gap, gap + 4)
}
