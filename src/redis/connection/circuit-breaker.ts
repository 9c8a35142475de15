/** `open`: nothing is asked. `half-open`: one probe is under way, and nothing else is asked. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** Failures in a row that open it. */
const THRESHOLD = 5
/** How long it stays open before a probe: doubled after each probe that fails. Milliseconds. */
const SHORTEST_MS = 100
const LONGEST_MS = 5000

export interface BreakerOptions {
  /** Resolves where the server answers again. */
  readonly probe: () => Promise<unknown>
  /** Told of each change between "asked" and "not asked", once. */
  readonly onChange: (state: 'open' | 'closed', why: string) => void
}

/**
 * A circuit breaker: after some failures in a row nobody waits for the server any more, and a probe in the background, never
 * a caller, finds out whether it is back. It begins open, with a server that has not answered yet.
 */
export class Breaker {
  state: BreakerState = 'open'
  readonly #options: BreakerOptions
  #failures = 0
  #backoffMs = SHORTEST_MS
  #timer: NodeJS.Timeout | undefined
  #told: 'open' | 'closed' | undefined
  #stopped = false

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(error: unknown): void {
    if (++this.#failures >= THRESHOLD) this.trip(error)
  }

  /** Opens at once: the connection is gone. */
  trip(error: unknown): void {
    if (this.state !== 'closed' || this.#stopped) return
    this.state = 'open'
    this.#backoffMs = SHORTEST_MS
    this.#tell('open', messageOf(error))
    this.#probeLater()
  }

  /** Probes now: the connection is there. Resolves when the probe is over. */
  async probe(): Promise<void> {
    if (this.state !== 'open' || this.#stopped) return
    clearTimeout(this.#timer)
    this.state = 'half-open'
    try {
      await this.#options.probe()
      if (this.#isStopped()) return
      this.state = 'closed'
      this.#failures = 0
      this.#backoffMs = SHORTEST_MS
      this.#tell('closed', 'it answers')
    } catch (error) {
      if (this.#isStopped()) return
      this.state = 'open'
      this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_MS)
      this.#tell('open', messageOf(error))
      this.#probeLater()
    }
  }

  stop(): void {
    this.#stopped = true
    this.state = 'open'
    clearTimeout(this.#timer)
  }

  #probeLater(): void {
    // Spread, so that many processes do not knock at the same moment.
    const delay = this.#backoffMs * (0.8 + Math.random() * 0.4)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.probe(), delay).unref()
  }

  #tell(state: 'open' | 'closed', why: string): void {
    if (this.#told === state) return
    this.#told = state
    this.#options.onChange(state, why)
  }

  /** Asked after a wait, in which it may have been stopped. */
  #isStopped(): boolean {
    return this.#stopped
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
