import type { Entry } from '../formats/entry.js'

/** Batches of entries, with a look ahead. */
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

  async peek(): Promise<Entry | undefined> {
    return (await this.current())?.peek()
  }

  /** Lets go of the file, also where it was not read to the end. */
  async close(): Promise<void> {
    await this.#batches.return?.()
  }
}

export class Batch {
  readonly #entries: readonly Entry[]
  #at = 0

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
  }

  get empty(): boolean {
    return this.#at >= this.#entries.length
  }

  peek(): Entry | undefined {
    return this.#entries.at(this.#at)
  }

  next(): Entry | undefined {
    return this.#entries.at(this.#at++)
  }

  /** The last entry is to be had again. */
  back(): void {
    this.#at--
  }
}

/** From the engine's index of an entry back to its line: noted only where lines were left out between two entries. */
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
