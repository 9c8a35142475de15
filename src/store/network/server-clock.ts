/**
 * What the clock of the server says by now, at the latest estimate. It never runs ahead of the server: an
 * answer was on its way for some time.
 */
export class ServerClock {
  #serverMs = 0
  #seenAt = -1

  /** @param serverMs Milliseconds since 1970, from an answer that has just come. */
  note(serverMs: number): void {
    this.#serverMs = serverMs
    this.#seenAt = performance.now()
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.floor(this.#serverMs + performance.now() - this.#seenAt)
  }
}
