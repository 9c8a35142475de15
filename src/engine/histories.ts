import type { Position } from '../ports/index.js'
import { isPromise } from '../ports/is-promise.js'
import { Locator } from './locator.js'
import type { SyncDeps } from './sync-deps.js'

/** Where a follower goes on in another history of the store. */
export interface CommonPosition {
  readonly position: Position
  /** Commits of this engine that were acknowledged meanwhile, of either history. */
  readonly unjudged: readonly Position[]
}

/** Finds out what another history of the store has in common with the one that was followed. */
export class Histories {
  readonly #deps: Pick<SyncDeps, 'store' | 'live' | 'own' | 'logger'>
  readonly #locator = new Locator()
  /** How often the store's history was found to be another one. */
  divergences = 0

  constructor(deps: Pick<SyncDeps, 'store' | 'live' | 'own' | 'logger'>) {
    this.#deps = deps
  }

  /** Notes a position up to which the prefilter holds everything: the end of a poll that left nothing out. */
  note(position: Position): void {
    this.#locator.note(position)
  }

  /** Forgets all positions: the prefilter is filled from another history. */
  forget(): void {
    this.#locator.cutAfter({ seq: -1, epoch: '' })
  }

  /**
   * The newest position that both histories contain, and from which the prefilter can go on: what was lost
   * after it only leaves false positives. Also tells {@link SyncDeps.own} which of its commits were lost.
   *
   * @returns undefined if there is none: the prefilter must be rebuilt
   */
  async common(): Promise<CommonPosition | undefined> {
    const { store, live, own, logger } = this.#deps
    this.divergences++
    if (store.contains === undefined) return undefined
    const { filledFrom } = live
    const [places, writes] = [this.#locator.since(filledFrom.seq), own.positions()]
    const reply = store.contains([filledFrom, ...places, ...writes])
    const [filter, ...contained] = isPromise(reply) ? await reply : reply
    own.leave(new Set(writes.filter((_, i) => !contained[places.length + i]).map(({ epoch }) => epoch)))
    const position = places.find((_, i) => contained[i])
    // Another filter may have taken over meanwhile.
    if (position === undefined || filter !== true || live.filledFrom !== filledFrom) return undefined
    logger.warn({ common: position }, 'the store lost changes: following it from before them')
    this.#locator.cutAfter(position)
    const judged = new Set(writes.map(({ epoch }) => epoch))
    return { position, unjudged: own.positions().filter(({ epoch }) => !judged.has(epoch)) }
  }
}
