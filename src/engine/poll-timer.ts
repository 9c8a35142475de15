/** Milliseconds between two polls on request: anybody who can send a wake-up can ask for one. */
const MIN_INTERVAL_MS = 1

/** Milliseconds between polls by the only owner of a store: they only tell that the file is still there. */
const EXCLUSIVE_MS = 1000

/** Milliseconds between two polls: a third of Δ, so that two may fail before a lease runs out. */
export function pollIntervalMs(options: {
  readonly maxStalenessMs: number
  readonly exclusive: boolean
}): number {
  return options.exclusive ? EXCLUSIVE_MS : Math.max(5, (options.maxStalenessMs || 1000) / 3)
}

/** Polls at an interval or sooner on request, one poll at a time. It does not keep the process alive. */
export class PollTimer {
  readonly #poll: () => Promise<void>
  readonly #intervalMs: number
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #running: Promise<void> | undefined
  #hurried = false
  /** When the last poll began, by `performance.now()`. */
  #begun = -Infinity
  #stopped = false

  /** `poll` must not reject. */
  constructor(poll: () => Promise<void>, intervalMs: number) {
    this.#poll = poll
    this.#intervalMs = intervalMs
  }

  start(): void {
    this.#pollIn(this.#intervalMs)
  }

  /** Polls at once or, if a poll is running, again after it. Several calls make one poll. */
  hurry(): void {
    if (this.#hurried || this.#timer === undefined) return
    this.#hurried = true
    if (this.#running === undefined) this.#pollSoon()
  }

  /** Stops; resolves when no poll is running. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    await this.#running
  }

  /** An immediate runs after sockets were read; a timer would be a millisecond late. */
  #pollSoon(): void {
    clearTimeout(this.#timer)
    if (performance.now() - this.#begun < MIN_INTERVAL_MS) {
      this.#pollIn(MIN_INTERVAL_MS)
      return
    }
    this.#immediate = setImmediate(() => this.#run()).unref()
  }

  #pollIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#run(), ms).unref()
  }

  #run(): void {
    this.#hurried = false
    this.#begun = performance.now()
    this.#running = this.#poll().finally(() => {
      this.#running = undefined
      if (this.#stopped) return
      if (this.#hurried) this.#pollSoon()
      else this.#pollIn(this.#intervalMs)
    })
  }
}
