import type { ExpectedVersion } from './bucket-writer.js'

/** A bucket that is to be written, and who waits for it. */
export interface WriteTask {
  readonly expected: ExpectedVersion
  /** Told whether the bucket was written by this task. */
  readonly waiters: ((written: boolean) => void)[]
}

/** Buckets that wait to be written, in the order of their arrival. */
export class WriteTasks {
  readonly #tasks = new Map<number, WriteTask>()

  get size(): number {
    return this.#tasks.size
  }

  has(bucket: number): boolean {
    return this.#tasks.has(bucket)
  }

  /** A task that waits for the same bucket stays, and takes over the waiters of the new one. */
  add(bucket: number, task: WriteTask): void {
    const waiting = this.#tasks.get(bucket)
    if (waiting === undefined) this.#tasks.set(bucket, task)
    else waiting.waiters.push(...task.waiters)
  }

  take(bucket: number): WriteTask | undefined {
    const task = this.#tasks.get(bucket)
    this.#tasks.delete(bucket)
    return task
  }

  /** Drops all tasks: their waiters are told that nothing was written. */
  clear(): void {
    for (const { waiters } of this.#tasks.values()) for (const resolve of waiters) resolve(false)
    this.#tasks.clear()
  }

  [Symbol.iterator](): IterableIterator<[number, WriteTask]> {
    return this.#tasks.entries()
  }
}
