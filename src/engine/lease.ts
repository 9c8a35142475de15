import type { Clock } from '../ports/clock.js'

const NANOSECONDS_PER_MS = 1_000_000

/**
 * The promise that L0 has seen every change committed up to Δ ago. It is renewed by a poll of the store, from the
 * moment *before* that poll was sent, and judged by one clock read within each check: a timer's flag would still say
 * "live" after a stall in which no timer could fire.
 *
 * The clock is the monotonic one, which no step of the wall clock touches, and read as a BigInt, whose comparison V8
 * keeps in registers: `Date.now()` and `performance.now()` each allocate a number. It stands still while the whole machine
 * is suspended, but so do all processes that could commit to a store on the same machine.
 */
export class Lease {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #duration: bigint | undefined
  #from = 0n
  #until = 0n
  #forEver = false

  /** `durationMs`: Δ; Infinity for the only owner of a store, who sees every change as it makes it and needs no clock. */
  constructor(clock: Pick<Clock, 'monotonic'>, durationMs: number) {
    this.#clock = clock
    this.#duration = durationMs === Infinity ? undefined : BigInt(Math.floor(durationMs * NANOSECONDS_PER_MS))
  }

  /** `sentAt`: the monotonic clock, read before the poll that found everything applied was sent. */
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

  /** Milliseconds since the last renewal's poll was sent; null where there is no lease. */
  ageMs(): number | null {
    if (!this.#forEver && this.#until === 0n) return null
    return Number(this.#clock.monotonic() - this.#from) / NANOSECONDS_PER_MS
  }
}
