import type { Entry } from '../formats/entry.js'

/** Entries read in batches, of which the next ones can be looked at before they are taken. */
export class EntryQueue {
  readonly #batches: AsyncIterator<Entry[]>
  #batch: Batch | undefined

  constructor(batches: AsyncIterable<Entry[]>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  /** The batch that has entries left; undefined at the end. */
  async current(): Promise<Batch | undefined> {
    while (this.#batch === undefined || this.#batch.empty) {
      const next = await this.#batches.next()
      if (next.done === true) return undefined
      this.#batch = new Batch(next.value)
    }
    return this.#batch
  }

  /** What is left of the batch, which stays to be taken; nothing at the end. */
  async upcoming(): Promise<readonly Entry[]> {
    return (await this.current())?.rest() ?? []
  }

  /** Closes the file, even if it was not read to the end. */
  async close(): Promise<void> {
    await this.#batches.return?.()
  }
}

/** The entries of one batch, taken one by one. */
export class Batch {
  readonly #entries: readonly Entry[]
  #at = 0

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
  }

  get empty(): boolean {
    return this.#at >= this.#entries.length
  }

  rest(): readonly Entry[] {
    return this.#entries.slice(this.#at)
  }

  next(): Entry | undefined {
    return this.#entries.at(this.#at++)
  }

  /** Puts the last entry back: {@link next} returns it again. */
  back(): void {
    this.#at--
  }
}

/**
 * Finds the line of an entry by the engine's index of it. Memory grows only with the places where lines were
 * skipped.
 */
export class LineIndex {
  #count = 0
  #offset = Number.NaN
  readonly #steps: { readonly index: number; readonly offset: number }[] = []

  add(line: number): void {
    const offset = line - this.#count
    if (offset !== this.#offset) this.#steps.push({ index: this.#count, offset })
    this.#offset = offset
    this.#count++
  }

  lineOf(index: number): number {
    const step = this.#steps.findLast((candidate) => candidate.index <= index)
    return index + (step?.offset ?? 0)
  }
}
