/** Polls again and again, sooner where there is reason to, without keeping the process alive. Never two polls at a time. */
export class PollTimer {
  readonly #poll: () => Promise<void>
  readonly #intervalMs: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #hurried = false
  #stopped = false

  /** `poll` must not reject. */
  constructor(poll: () => Promise<void>, intervalMs: number) {
    this.#poll = poll
    this.#intervalMs = intervalMs
  }

  start(): void {
    this.#pollIn(this.#intervalMs)
  }

  /** Polls as soon as it can: at once, or again where a poll is under way, which may have come too early. Many calls make one poll. */
  hurry(): void {
    if (this.#hurried || this.#timer === undefined) return
    this.#hurried = true
    if (this.#running === undefined) this.#pollIn(0)
  }

  /** Resolves when no poll is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #pollIn(ms: number): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#hurried = false
      this.#running = this.#poll().finally(() => {
        this.#running = undefined
        this.#pollIn(this.#hurried ? 0 : this.#intervalMs)
      })
    }, ms)
    this.#timer.unref()
  }
}
