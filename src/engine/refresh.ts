import type { Lease } from './lease.js'
import type { SharedPoll } from './shared-poll.js'

/** What checks without a live lease wait for, where the store can't answer at once. */
export class Refresh {
  readonly #polls: SharedPoll
  readonly #lease: Pick<Lease, 'isLive'>
  #waiting: Promise<unknown> | undefined

  constructor(polls: SharedPoll, lease: Pick<Lease, 'isLive'>) {
    this.#polls = polls
    this.#lease = lease
  }

  /**
   * Waits for the poll under way and, if that did not renew the lease, for one that is sent after this call.
   * However many checks wait, the store is asked once.
   *
   * @returns undefined if the prefilter holds every change that was committed up to Δ before this call;
   * otherwise why it may not
   */
  run(): Promise<unknown> {
    this.#waiting ??= this.#run()
    return this.#waiting
  }

  async #run(): Promise<unknown> {
    await this.#polls.idle()
    this.#waiting = undefined // a check that begins from here on may do so after the poll was sent
    if (this.#lease.isLive()) return undefined
    return this.#polls.run().then(
      () => undefined,
      (error: unknown) => error,
    )
  }
}
