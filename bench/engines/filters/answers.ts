import { assertAnswer } from '../../harness/types.js'
import type { Keys } from '../../inputs/keys.js'
import { TOLERATED } from '../engine-workloads.js'
import type { Filter } from './filter.js'

const PIECE = 16_384

/** Up to here each key of a set is asked for; in larger ones every sixteenth. */
const ALL = 1_000_000

/** How right a filter is, before its time counts. */
export interface Answers {
  /** Keys that were added and not found: a failure in ours, a figure in another's. */
  readonly falseNegatives: number
  /** As a share of the keys asked for. */
  readonly lost: number
  readonly falsePositiveRate: number
}

/** FilterLookups for keys that it holds and for `others` that it doesn't, all different. */
export function answersOf(filter: Filter, keys: Keys, n: number, others: number): Answers {
  const step = n > ALL ? 16 : 1
  const held = Math.ceil(n / step)
  const found = countIn(filter, held, (i) => keys.at(i * step))
  const falseNegatives = held - found
  const falsePositiveRate = countIn(filter, others, (i) => keys.at(n + i)) / others
  if (filter.ours) {
    assertAnswer(falseNegatives === 0, `${filter.name} lost ${falseNegatives} of ${held} keys`)
    assertAnswer(
      falsePositiveRate <= toleratedOf(filter, n),
      `${filter.name} has ${falsePositiveRate} of keys that nobody added`,
    )
  }
  return { falseNegatives, lost: falseNegatives / held, falsePositiveRate }
}

/**
 * Twice the rate that the filter expects, but at least what is tolerated of all: a trie of 32 bits expects n
 * ÷ 2^32.
 */
export function toleratedOf(filter: Filter, n: number): number {
  return Math.max(TOLERATED, 2 * filter.expectedRate(n))
}

function countIn(filter: Filter, total: number, key: (index: number) => string): number {
  let found = 0
  for (let from = 0; from < total; from += PIECE) {
    found += filter.count(Array.from({ length: Math.min(PIECE, total - from) }, (_, i) => key(from + i)))
  }
  return found
}
