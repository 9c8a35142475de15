import type { Clock } from '../ports/clock.js'

const NANOSECONDS_PER_MS = 1_000_000

/**
 * The promise that the prefilter holds every change committed up to Δ ago. A poll of the store renews it,
 * from the moment *before* the poll was sent. Each check reads the clock to see whether it is live: a flag
 * set by a timer would still say "live" after a stall in which no timer could fire.
 *
 * The clock is monotonic, so steps of the wall clock don't matter. It is read as a BigInt, which V8 compares
 * in registers; `Date.now()` and `performance.now()` each allocate a number. It stands still while the
 * machine is suspended, but so does every process that could commit to a store on the same machine.
 */
export class Lease {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #duration: bigint | undefined
  #from = 0n
  #until = 0n
  #forEver = false

  /** @param durationMs - Δ; Infinity for the only owner of a store, who makes every change itself */
  constructor(clock: Pick<Clock, 'monotonic'>, durationMs: number) {
    this.#clock = clock
    this.#duration = durationMs === Infinity ? undefined : BigInt(Math.floor(durationMs * NANOSECONDS_PER_MS))
  }

  /** @param sentAt - the monotonic clock in nanoseconds, read before the poll was sent */
  renew(sentAt: bigint): void {
    this.#from = sentAt
    if (this.#duration === undefined) this.#forEver = true
    else this.#until = sentAt + this.#duration
  }

  /** Ends it at once. */
  end(): void {
    this.#forEver = false
    this.#until = 0n
  }

  isLive(): boolean {
    return this.#forEver || this.#clock.monotonic() < this.#until
  }

  /** Milliseconds since the poll of the last renewal was sent; null without a lease. */
  ageMs(): number | null {
    if (!this.#forEver && this.#until === 0n) return null
    return Number(this.#clock.monotonic() - this.#from) / NANOSECONDS_PER_MS
  }
}
