import {
  cellCount,
  type Cells,
  fingerprint,
  type FingerprintBits,
  firstCell,
  type FuseParts,
  type FuseShape,
  fuseShape,
  mixFirst,
  mixSecond,
  scaleOf,
  secondCell,
  thirdCell,
} from './binary-fuse.js'

/** Seeds that are tried. One in some hundred fails, and no seed in 1e100 sets of digests. */
const MAX_ATTEMPTS = 64

/** Steps to the next seed: 2^32 divided by the golden ratio, so that the first seeds differ in all bits. */
const SEED_STEP = 0x9e3779b9

/** Entries of one step: half a millisecond at most. */
const STEP = 2048

/** Entries of a cell that can be counted. It has three on average. */
const MAX_COUNT = 255

/** What a construction yields between two steps, where its caller may do other work. */
type Steps<T> = Generator<undefined, T, void>

/**
 * Builds the table of a {@link FuseTable}. It needs all digests: some 26 bytes an entry until it is done.
 *
 * The entries are the edges of a graph, each with three cells. A cell with a single entry left can take up
 * whatever fingerprint that entry needs, so the entry is removed, which leaves other cells with a single one.
 * If that removes all, the cells are filled in the opposite order. If not, another seed makes another graph.
 * Two equal digests are two edges that no seed tells apart: after a failure they are removed.
 *
 * @example
 * const construction = new FuseConstruction(16)
 * construction.add(digests)
 * const parts = construction.run()
 */
export class FuseConstruction {
  readonly #bits: FingerprintBits
  /** `words[2]` and `words[3]` of the digests, in pairs. */
  #keys: Int32Array[] = []
  #entries = 0

  constructor(bits: FingerprintBits) {
    this.#bits = bits
  }

  /** Digests so far, equal ones included. */
  get entries(): number {
    return this.#entries
  }

  /** Adds some digests, four words each. They are copied. */
  add(digests: Int32Array): void {
    const keys = new Int32Array(digests.length >>> 1)
    for (let from = 0, to = 0; to < keys.length; from += 4, to += 2) {
      keys[to] = digests[from + 2] ?? 0
      keys[to + 1] = digests[from + 3] ?? 0
    }
    this.#keys.push(keys)
    this.#entries += keys.length >>> 1
  }

  /** All {@link steps} at once. */
  run(): FuseParts | undefined {
    const steps = this.steps()
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
    }
  }

  /**
   * Builds the table, in steps of half a millisecond at most.
   *
   * @returns undefined when there is no entry
   * @throws {RangeError} when no seed serves, which chance does not bring about
   */
  *steps(): Steps<FuseParts | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS && this.#entries > 0; attempt++) {
      const parts = yield* this.#attempt(Math.imul(attempt, SEED_STEP))
      if (parts !== undefined) return parts
      if (attempt === 0) yield* this.#removeRepeated()
    }
    if (this.#entries === 0) return undefined
    throw new RangeError(`no seed of ${MAX_ATTEMPTS} builds a table of ${this.#entries} entries`)
  }

  *#attempt(seed: number): Steps<FuseParts | undefined> {
    const shape = fuseShape(this.#entries)
    const graph = new Graph(shape, seed)
    for (const keys of this.#keys) {
      for (let at = 0; at < keys.length; at += 2 * STEP) {
        if (!graph.insert(keys.subarray(at, at + 2 * STEP))) return undefined
        yield
      }
    }
    const order = new Int32Array(this.#entries)
    if ((yield* graph.remove(order)) < this.#entries) return undefined
    const size = cellCount(shape)
    const cells = this.#bits === 16 ? new Uint16Array(size) : new Uint8Array(size)
    yield* graph.fill(order, cells)
    return { ...shape, entries: this.#entries, seed, cells }
  }

  /** Keeps one of several equal keys, by a hash table of their places. */
  *#removeRepeated(): Steps<void> {
    // Half full at most. 0 is an empty slot, i + 1 the one of kept key i.
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(this.#entries * 2)))
    const kept = new Int32Array(2 * this.#entries)
    let count = 0
    for (const keys of this.#keys) {
      for (let at = 0; at < keys.length; at += 2) {
        if (at % (2 * STEP) === 0) yield
        const [a, b] = [keys[at] ?? 0, keys[at + 1] ?? 0]
        let slot = mixFirst(a, mixSecond(b, 0)) & (slots.length - 1)
        let number = slots[slot] ?? 0
        while (number > 0 && (kept[2 * number - 2] !== a || kept[2 * number - 1] !== b)) {
          slot = (slot + 1) & (slots.length - 1)
          number = slots[slot] ?? 0
        }
        if (number > 0) continue
        kept[2 * count] = a
        kept[2 * count + 1] = b
        slots[slot] = ++count
      }
    }
    this.#keys = [kept.subarray(0, 2 * count)]
    this.#entries = count
  }
}

/** The entries by their cells: of each cell, the number of its entries and the XOR of their mixed words. */
class Graph {
  readonly #counts: Uint8Array
  readonly #firsts: Int32Array
  readonly #sums: Int32Array
  readonly #segmentLength: number
  readonly #scale: number
  readonly #seed: number

  constructor(shape: FuseShape, seed: number) {
    const size = cellCount(shape)
    this.#counts = new Uint8Array(size)
    this.#firsts = new Int32Array(size)
    this.#sums = new Int32Array(size)
    this.#segmentLength = shape.segmentLength
    this.#scale = scaleOf(shape)
    this.#seed = seed
  }

  /** Adds entries. False when a cell has too many to count, which only equal ones bring about. */
  insert(keys: Int32Array): boolean {
    let ok = true
    for (let at = 0; at < keys.length; at += 2) {
      const second = mixSecond(keys[at + 1] ?? 0, this.#seed)
      const first = mixFirst(keys[at] ?? 0, second)
      const sum = (first + second) | 0
      const cell = firstCell(first, this.#scale)
      const counts =
        this.#change(cell, first, sum, 1) |
        this.#change(secondCell(cell, sum, this.#segmentLength), first, sum, 1) |
        this.#change(thirdCell(cell, sum, this.#segmentLength), first, sum, 1)
      ok &&= counts <= MAX_COUNT
    }
    return ok
  }

  /** Adds an entry to a cell, or with −1 removes it. Returns how many are left. */
  #change(cell: number, first: number, sum: number, by: 1 | -1): number {
    this.#firsts[cell] = (this.#firsts[cell] ?? 0) ^ first
    this.#sums[cell] = (this.#sums[cell] ?? 0) ^ sum
    return (this.#counts[cell] = (this.#counts[cell] ?? 0) + by)
  }

  /**
   * Removes entries as long as a cell has a single one, and writes down which cell it was. That cell keeps
   * the mixed words of its entry.
   *
   * @returns how many were removed
   */
  *remove(order: Int32Array): Steps<number> {
    const counts = this.#counts
    // Cells that came to have a single entry, from which the removal goes on. Few at any time.
    const pending = new Int32Array(counts.length)
    let removed = 0
    for (let cell = 0; cell < counts.length; cell++) {
      if (cell % STEP === 0) yield
      pending[0] = cell
      for (let left = 1; left > 0;) {
        const next = pending[--left] ?? 0
        if (counts[next] !== 1) continue
        if (removed % STEP === 0) yield
        order[removed++] = next
        left = this.#removeAt(next, pending, left)
      }
    }
    return removed
  }

  /** Removes the single entry of a cell from its other two cells. */
  #removeAt(cell: number, pending: Int32Array, left: number): number {
    const [first, sum] = [this.#firsts[cell] ?? 0, this.#sums[cell] ?? 0]
    const a = firstCell(first, this.#scale)
    const b = secondCell(a, sum, this.#segmentLength)
    const c = thirdCell(a, sum, this.#segmentLength)
    this.#counts[cell] = 0
    let end = left
    if (a !== cell && this.#change(a, first, sum, -1) === 1) pending[end++] = a
    if (b !== cell && this.#change(b, first, sum, -1) === 1) pending[end++] = b
    if (c !== cell && this.#change(c, first, sum, -1) === 1) pending[end++] = c
    return end
  }

  /** Gives each entry its fingerprint, the last removed first: its cell is nobody else's from then on. */
  *fill(order: Int32Array, cells: Cells): Steps<void> {
    const shift = 32 - 8 * cells.BYTES_PER_ELEMENT
    for (let i = order.length - 1; i >= 0; i--) {
      if (i % STEP === 0) yield
      const cell = order[i] ?? 0
      const [first, sum] = [this.#firsts[cell] ?? 0, this.#sums[cell] ?? 0]
      const a = firstCell(first, this.#scale)
      const b = secondCell(a, sum, this.#segmentLength)
      const c = thirdCell(a, sum, this.#segmentLength)
      // The cell itself is still 0.
      cells[cell] = fingerprint(first, sum, shift) ^ (cells[a] ?? 0) ^ (cells[b] ?? 0) ^ (cells[c] ?? 0)
    }
  }
}
