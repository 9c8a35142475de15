/**
 * Who waits for a change of which digest. Digests are known by their first word: two with the same one are
 * taken for one, which costs a load at most.
 */
export class WatchList<T> {
  readonly #byWord = new Map<number, Set<T>>()

  add(word: number, watcher: T): void {
    const others = this.#byWord.get(word)
    if (others === undefined) this.#byWord.set(word, new Set([watcher]))
    else others.add(watcher)
  }

  delete(word: number, watcher: T): void {
    const watchers = this.#byWord.get(word)
    if (watchers?.delete(watcher) === true && watchers.size === 0) this.#byWord.delete(word)
  }

  of(word: number): Iterable<T> {
    return this.#byWord.get(word) ?? []
  }

  clear(): void {
    this.#byWord.clear()
  }
}
