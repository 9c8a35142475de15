/**
 * Wakes the one loop that waits for it. Notifications that arrive while nobody waits count as one and end the
 * next wait at once.
 */
export class Signal {
  #notified = false
  #wake: () => void = () => undefined

  notify(): void {
    this.#notified = true
    this.#wake()
  }

  async wait(): Promise<void> {
    if (!this.#notified) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#notified = false
  }
}
