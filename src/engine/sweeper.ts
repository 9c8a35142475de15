import type { Clock } from '../ports/clock.js'
import type { Logger, Position, RevocationStore } from '../ports/index.js'
import type { LivePrefilter } from './live-prefilter.js'

/** Nanoseconds between two looks for expired entries in the prefilter. */
const SWEEP_NS = 5_000_000_000n

/** What a {@link Sweeper} needs. */
export interface SweeperDeps {
  readonly store: RevocationStore
  readonly live: LivePrefilter
  readonly clock: Pick<Clock, 'monotonic'>
  readonly logger: Logger
  /** Called when a snapshot of the prefilter may be worth taking: after a rebuild or a sweep. */
  readonly checkpoint: (why: 'rebuilt' | 'swept', position: Position) => void
}

/**
 * Looks for expired entries from time to time, and rebuilds the prefilter in the background when that pays.
 */
export class Sweeper {
  readonly #deps: SweeperDeps
  readonly #position: () => Position
  #sweptAt: bigint
  #rebuild: Promise<void> | undefined

  /** @param position - gives the position that the prefilter holds at that moment */
  constructor(deps: SweeperDeps, position: () => Position) {
    this.#deps = deps
    this.#position = position
    this.#sweptAt = deps.clock.monotonic()
  }

  /** Sweeps if the last sweep is long enough ago. */
  sweepIfDue(): void {
    const { clock, live, checkpoint } = this.#deps
    const now = clock.monotonic()
    if (now - this.#sweptAt < SWEEP_NS) return
    this.#sweptAt = now
    if (!live.sweep()) checkpoint('swept', this.#position())
    else this.#rebuild ??= this.#rebuildNow().finally(() => (this.#rebuild = undefined))
  }

  /** Resolves when no rebuild is running. */
  async settled(): Promise<void> {
    await this.#rebuild
  }

  async #rebuildNow(): Promise<void> {
    const { live, store, logger, checkpoint } = this.#deps
    try {
      await live.rebuild(store)
      checkpoint('rebuilt', this.#position())
    } catch (error) {
      logger.warn({ err: error }, 'the prefilter could not be rebuilt: the old one stays in use')
    }
  }
}
