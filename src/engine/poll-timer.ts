/** Polls again and again, sooner where there is reason to, without keeping the process alive. Never two polls at a time. */
export class PollTimer {
  readonly #poll: () => Promise<void>
  readonly #intervalMs: number
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
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
    if (this.#running === undefined) this.#pollSoon()
  }

  /** Resolves when no poll is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    await this.#running
  }

  /** After what is in the socket already has been read: a timer would be a millisecond late. */
  #pollSoon(): void {
    clearTimeout(this.#timer)
    this.#immediate = setImmediate(() => this.#run()).unref()
  }

  #pollIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#run(), ms).unref()
  }

  #run(): void {
    this.#hurried = false
    this.#running = this.#poll().finally(() => {
      this.#running = undefined
      if (this.#stopped) return
      if (this.#hurried) this.#pollSoon()
      else this.#pollIn(this.#intervalMs)
    })
  }
}
