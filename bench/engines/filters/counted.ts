import type { Digest, Prefilter } from '#dist/ports/index.js'
import type { Keys } from '../../inputs/keys.js'
import type { Random } from '../../inputs/random.js'
import type { Filter } from './filter.js'

/** A filter whose false positives are counted while it is filled. */
export interface Counted {
  readonly name: string
  readonly ours: boolean
  /** The false-positive rate that it promises at `size` entries; 0 where it has none. */
  readonly rate: number
  readonly size: number
  /** By its own account, or by the textbook. */
  expectedRate(): number
  bytes(): number
  add(count: number): void
  /** How many of those added are not found. */
  lost(): number
  /** Makes things that were never added, all different. */
  prepare(count: number): void
  /** How many of them it says it holds. */
  positives(): number
}

/** A filter, the rate that it promises at `size` entries, and the `most` entries that it gets in the end. */
export interface Promised<F> {
  readonly name: string
  readonly filter: F
  readonly rate: number
  readonly size: number
  readonly most: number
}

/** One of ours, with random digests: a keyed digest of anything is as random, and takes longer to make. */
export function randomDigests(promised: Promised<Prefilter>, random: Random): Counted {
  const { filter, most } = promised
  const added = random.fill(new Int32Array(most * 4))
  let asked: Int32Array = new Int32Array(0)
  let entries = 0
  const digest = new Int32Array(4)
  const found = (digests: Int32Array, count: number): number => {
    let found = 0
    for (let i = 0; i < count; i++) if (filter.has(copy(digests, i, digest))) found++
    return found
  }
  return {
    ...promised,
    ours: true,
    expectedRate: () => filter.expectedFalsePositiveRate,
    bytes: () => filter.bytes,
    add: (count) => {
      for (const end = entries + count; entries < end; entries++) filter.add(copy(added, entries, digest))
    },
    lost: () => entries - found(added, entries),
    prepare: (count) => {
      asked = random.fill(new Int32Array(count * 4))
    },
    positives: () => found(asked, asked.length / 4),
  }
}

function copy(digests: Int32Array, index: number, digest: Digest): Digest {
  for (let i = 0; i < 4; i++) digest[i] = digests[index * 4 + i] ?? 0
  return digest
}

/** Another's, with keys: it hashes them itself, and its rate is that of its hash as well. */
export function numberedKeys(promised: Promised<Filter>, keys: Keys): Counted {
  const { filter, most } = promised
  let [entries, prepared] = [0, most]
  let asked: readonly string[] = []
  return {
    ...promised,
    ours: false,
    expectedRate: () => filter.expectedRate(entries),
    bytes: () => Number(filter.bytes()),
    add: (count) => {
      for (const end = entries + count; entries < end; entries++) filter.add([keys.at(entries)])
    },
    lost: () => {
      let lost = 0
      for (let i = 0; i < entries; i++) lost += 1 - filter.count([keys.at(i)])
      return lost
    },
    prepare: (count) => {
      asked = keys.range(prepared, prepared + count)
      prepared += count
    },
    positives: () => filter.count(asked),
  }
}
