import type { Clock } from '../ports/clock.js'

/** Milliseconds that the server's clock may run ahead between two polls. */
const PAUSE_MS = 250

/**
 * Finds pauses in which every clock of this machine stood still, as in a virtual machine that was stopped, by
 * the clock of the store's server. That clock only ends a lease: none is granted, and nothing expires, by it.
 */
export class PauseDetector {
  readonly #clock: Pick<Clock, 'monotonic'>
  #last: { readonly serverTime: number; readonly sentAt: bigint } | undefined

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /**
   * Milliseconds that the server's clock ran ahead since the last call; 0 if no more than it may. The time
   * from before the last poll to after this reply is longer than that between the server's two answers, so
   * slow networks don't count.
   *
   * @param serverTime - in milliseconds, from the reply that has just come
   * @param sentAt - the monotonic clock in nanoseconds, before the poll was sent
   */
  pausedMs(serverTime: number, sentAt: bigint): number {
    const last = this.#last
    this.#last = { serverTime, sentAt }
    if (last === undefined) return 0
    const passedMs = Number(this.#clock.monotonic() - last.sentAt) / 1e6
    const aheadMs = serverTime - last.serverTime - passedMs
    return aheadMs > PAUSE_MS ? aheadMs : 0
  }
}
