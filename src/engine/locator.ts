import type { Position } from '../ports/index.js'

/** The newest positions are all kept; before them, the gaps double. */
const NEWEST = 16

interface Place {
  readonly position: Position
  /** Counts the places since the start. */
  readonly number: number
}

/**
 * Positions up to which the prefilter held everything. One that another history of the store also contains is
 * where to go on from: what was lost after it is no more than a false positive.
 *
 * Only the end of a poll that left nothing out is such a position. The log is compacted: a page before may
 * lack a revocation that was taken back after it. For the same reason a position before the scan that the
 * prefilter was filled from does not count.
 */
export class Locator {
  #places: readonly Place[] = []
  #number = 0

  /** Adds a position where a poll ended. */
  note(position: Position): void {
    const last = this.#places.at(-1)?.position
    if (last?.seq === position.seq && last.epoch === position.epoch) return
    this.#number++
    this.#places = [...this.#places, { position, number: this.#number }].filter(
      ({ number }) => number % gapAt(this.#number - number) === 0,
    )
  }

  /** Newest first, from a sequence number on. */
  since(seq: number): Position[] {
    const positions = this.#places.map(({ position }) => position)
    return positions.filter((position) => position.seq >= seq).toReversed()
  }

  /** Forgets those after a position: the store's history is another one from there on. */
  cutAfter({ seq }: Position): void {
    this.#places = this.#places.filter(({ position }) => position.seq <= seq)
  }
}

/** The distance between two places that are kept, so many places back: a power of 2. */
function gapAt(back: number): number {
  return back < NEWEST ? 1 : 2 ** Math.floor(Math.log2((2 * back) / NEWEST))
}
