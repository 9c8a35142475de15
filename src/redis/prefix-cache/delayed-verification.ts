/** Shortest delay, in milliseconds. The longest is three times as long. */
const DELAY_MS = 2000

/**
 * Buckets that other engines have changed. The writer of a change updates Redis itself; an engine verifies
 * the bucket 2 to 6 s later (jittered, so that engines take turns), in case the writer died before that.
 */
export class DelayedVerification {
  readonly #buckets = new Set<number>()
  readonly #onDue: () => void
  #timer: NodeJS.Timeout | undefined
  #due = false

  /** `onDue` is called when {@link DelayedVerification.takeDue} has something to give. */
  constructor(onDue: () => void) {
    this.#onDue = onDue
  }

  /** One timer serves all buckets that are added before it fires. */
  add(bucket: number): void {
    this.#buckets.add(bucket)
    this.#timer ??= setTimeout(() => this.#fire(), DELAY_MS * (1 + Math.random() * 2)).unref()
  }

  /** Removes and returns the buckets whose delay is over; nothing before that. */
  takeDue(): readonly number[] {
    if (!this.#due) return []
    this.#due = false
    const buckets = [...this.#buckets]
    this.#buckets.clear()
    return buckets
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #fire(): void {
    this.#timer = undefined
    this.#due = true
    this.#onDue()
  }
}
