import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds of a slice of a rebuild. */
const SLICE_MS = 2

/** Work that is done in slices, so that the event loop turns between them. */
export class Slices {
  #end = performance.now() + SLICE_MS

  /** Whether the slice is over. Then await {@link Slices.next}. */
  get over(): boolean {
    return performance.now() >= this.#end
  }

  /** Begins the next slice after a turn of the event loop. */
  async next(): Promise<void> {
    await nextTurn()
    this.begin()
  }

  /** Begins a slice, after other waiting. */
  begin(): void {
    this.#end = performance.now() + SLICE_MS
  }
}
