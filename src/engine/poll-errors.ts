import type { Logger, Position } from '../ports/index.js'

/** Logs each error of the polls once, until one succeeds. */
export class PollErrors {
  readonly #logger: Logger
  readonly #seen = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  failed(error: unknown): void {
    if (this.#seen.has(String(error))) return
    this.#seen.add(String(error))
    this.#logger.warn(
      { err: error },
      "the store can't be followed: answers come from it directly once the lease has run out",
    )
  }

  succeeded(position: Position): void {
    if (this.#seen.size === 0) return
    this.#seen.clear()
    this.#logger.info({ position }, 'following the store again')
  }
}
