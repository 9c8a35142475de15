import type { Workload } from '../harness/measure.js'

/** Eight functions that do nothing: V8 would compile away the calls of a single one. */
const NOTHING: readonly ((i: number) => boolean)[] = [
  (i) => i >= 0,
  (i) => i >= -1,
  (i) => i >= -2,
  (i) => i >= -3,
  (i) => i >= -4,
  (i) => i >= -5,
  (i) => i >= -6,
  (i) => i >= -7,
]

/** Calls functions that do nothing. */
export class EmptyFunction implements Workload {
  readonly name = 'empty function'

  prepare(): void {
    // nothing to make
  }

  run(count: number): number {
    let done = 0
    for (let i = 0; i < count; i++) if (NOTHING[i & 7]?.(i) === true) done++
    return done
  }
}

/** Copies bytes from one place to another, both in the processor's cache. */
export class MemoryCopy implements Workload {
  readonly name: string
  readonly #source: Uint8Array
  readonly #target: Uint8Array

  constructor(name: string, bytes: number) {
    this.name = name
    this.#source = new Uint8Array(bytes)
    this.#target = new Uint8Array(bytes)
  }

  prepare(): void {
    this.#target.fill(0)
  }

  run(count: number): number {
    const source = this.#source
    const target = this.#target
    const last = source.length - 1
    let copied = 0
    for (let i = 0; i < count; i++) {
      source[last] = i
      target.set(source)
      if (target[last] === (i & 255)) copied++
    }
    return copied
  }
}
