import type { Clock } from './clock.js'

/**
 * The promise that L0 has seen every change committed up to Δ ago. It is renewed by a poll of the store, from the
 * moment *before* that poll was sent, and judged by one clock read at the moment of an answer: a timer's flag would
 * still say "live" in a process that was just resumed.
 *
 * The wall clock is used, with both ends checked. A suspended machine's monotonic clock stands still on Linux, so a
 * monotonic lease would survive the night in a closed laptop; the wall clock jumps ahead and the lease is over. A step
 * backwards past the last renewal is seen here too (`now < from`); a smaller one by the poll loop, which compares both clocks.
 */
export class Lease {
  readonly #clock: Clock
  readonly #durationMs: number
  #from = Infinity
  #until = -Infinity

  /** `durationMs`: Δ; Infinity for the only owner of a store, who sees every change as it makes it. */
  constructor(clock: Clock, durationMs: number) {
    this.#clock = clock
    this.#durationMs = durationMs
  }

  /** `sentAt`: the wall clock in milliseconds, read before the poll that found everything applied was sent. */
  renew(sentAt: number): void {
    this.#from = sentAt
    this.#until = sentAt + this.#durationMs
  }

  /** Ends it at once. */
  end(): void {
    this.#from = Infinity
    this.#until = -Infinity
  }

  isLive(): boolean {
    if (this.#until === Infinity) return true
    const now = this.#clock.now()
    return now < this.#until && now >= this.#from
  }

  /** Milliseconds since the last renewal's poll was sent; null where there is no lease. */
  ageMs(): number | null {
    if (this.#until === -Infinity) return null
    return this.#clock.now() - this.#from
  }
}
