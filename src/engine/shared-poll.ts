/** Sends one poll at a time. All who ask while one is under way share the next. */
export class SharedPoll {
  readonly #send: () => Promise<void>
  #running: Promise<void> | undefined
  /** Asked for and not sent yet. */
  #next: Promise<void> | undefined

  /** @param send sends one poll, and resolves when its changes are applied */
  constructor(send: () => Promise<void>) {
    this.#send = send
  }

  /** Resolves once a poll that was sent after this call has succeeded; rejects if that poll failed. */
  run(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    if (this.#running === undefined) return this.#start()
    this.#next = this.idle().then(() => this.#start())
    return this.#next
  }

  /** Resolves when the poll that is under way has ended, however it did. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined)
  }

  #start(): Promise<void> {
    this.#next = undefined
    this.#running = this.#send().finally(() => (this.#running = undefined))
    return this.#running
  }
}
