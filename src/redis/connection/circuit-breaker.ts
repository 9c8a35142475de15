/** `open`: no command is sent. `half-open`: one probe is in flight, and no other command is sent. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** Failures in a row that open the breaker. */
const MAX_FAILURES = 5
/** Wait before a probe, in milliseconds: doubled after each probe that fails. */
const MIN_PROBE_DELAY_MS = 100
const MAX_PROBE_DELAY_MS = 5000

/** What a {@link Breaker} calls. */
export interface BreakerOptions {
  /** Resolves if the server answers. */
  readonly probe: () => Promise<unknown>
  /** Called once for each opening and closing. */
  readonly onChange: (state: 'open' | 'closed', why: string) => void
}

/**
 * A circuit breaker. After some failures in a row no caller waits for the server any more; a probe in the
 * background finds out whether it is back. It begins open, since the server has not answered yet.
 *
 * ```
 *            failures, connection lost            the wait is over, connected
 *   closed ──────────────────────────────► open ─────────────────────────────► half-open
 *     ▲                                     ▲            the probe fails           │  │
 *     │                                     └──────────────────────────────────────┘  │
 *     └──────────────────────────── the probe is answered ────────────────────────────┘
 * ```
 */
export class Breaker {
  state: BreakerState = 'open'
  readonly #options: BreakerOptions
  #failures = 0
  #backoffMs = MIN_PROBE_DELAY_MS
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
    if (++this.#failures >= MAX_FAILURES) this.trip(error)
  }

  /** Opens at once, because the connection is lost. */
  trip(error: unknown): void {
    if (this.state !== 'closed' || this.#stopped) return
    this.state = 'open'
    this.#backoffMs = MIN_PROBE_DELAY_MS
    this.#tell('open', messageOf(error))
    this.#probeLater()
  }

  /** Probes at once, because the connection is made. Resolves when the probe is over. */
  async probe(): Promise<void> {
    if (this.state !== 'open' || this.#stopped) return
    clearTimeout(this.#timer)
    this.state = 'half-open'
    try {
      await this.#options.probe()
      if (this.#isStopped()) return
      this.state = 'closed'
      this.#failures = 0
      this.#backoffMs = MIN_PROBE_DELAY_MS
      this.#tell('closed', 'it answers')
    } catch (error) {
      if (this.#isStopped()) return
      this.state = 'open'
      this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_PROBE_DELAY_MS)
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
    // Jittered, so that many processes do not probe at the same moment.
    const delay = this.#backoffMs * (0.8 + Math.random() * 0.4)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.probe(), delay).unref()
  }

  #tell(state: 'open' | 'closed', why: string): void {
    if (this.#told === state) return
    this.#told = state
    this.#options.onChange(state, why)
  }

  /** A method, since the compiler does not expect the field to change during an await. */
  #isStopped(): boolean {
    return this.#stopped
  }
}

/** The message of an error, or a thrown value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
