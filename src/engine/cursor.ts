import type { Change, Committed, Poll, Position } from '../ports/index.js'
import type { SyncDeps } from './sync-deps.js'

/** Before the first change of any store. */
const ORIGIN: Position = { seq: 0, epoch: '' }

/** How far this engine has applied the store's history, and what applying a change means. */
export class Cursor {
  readonly #deps: Pick<SyncDeps, 'live' | 'cache' | 'versions' | 'own' | 'marks'>
  #position = ORIGIN
  #seen = ORIGIN

  constructor(deps: Pick<SyncDeps, 'live' | 'cache' | 'versions' | 'own' | 'marks'>) {
    this.#deps = deps
  }

  /** Everything up to here is applied. */
  get position(): Position {
    return this.#position
  }

  /** The newest known position of the store, perhaps not applied yet. Polls check that it still exists. */
  get seen(): Position {
    return this.#seen
  }

  /** Goes to a position of a history in which it is the newest that is known. */
  goTo(position: Position): void {
    this.#position = position
    this.#seen = position
    this.#deps.cache.maxConfirmedSeq = position.seq
    this.#deps.marks.historyChanged() // What changed on the way here is not told one by one.
  }

  /** Follows again from where the filter in use was scanned, if that is before this position. */
  goBackTo(scanned: Position): void {
    if (scanned.seq < this.#position.seq) this.#position = scanned
  }

  /**
   * Applies the changes of a poll.
   *
   * @param advance - whether the poll began at the position: not before that went back
   */
  apply(answer: Extract<Poll, { status: 'ok' }>, advance: boolean): void {
    for (const change of answer.changes) this.#applyChange(change)
    if (answer.buckets !== undefined) this.#deps.versions?.note(answer.buckets)
    this.see(answer.head ?? answer.position)
    // Own commits may have moved the position while an asynchronous store answered.
    if (advance && answer.position.seq >= this.#position.seq) this.#position = answer.position
  }

  /** Applies a change that this engine has just committed. */
  committed(change: Change, { epoch, previous, buckets }: Committed): void {
    const { digest, seq } = change
    this.#applyChange(change)
    this.see({ seq, epoch })
    if (buckets !== undefined) this.#deps.versions?.noteCommit(digest, seq, buckets)
    // The next number of the same history: no other engine's change lies between, so the poll need not read
    // this one. In another epoch the numbers before it may be others' as well, unless the commit follows the
    // one of the position: the store was restored in between.
    const { seq: last, epoch: known } = this.#position
    if (seq === last + 1 && (epoch === known || previous === known || seq === 1))
      this.#position = { seq, epoch }
  }

  /** Notes that the store's history has come to a position. */
  see(position: Position): void {
    if (position.seq <= this.#seen.seq) return
    this.#seen = position
    this.#deps.cache.maxConfirmedSeq = position.seq
  }

  #applyChange({ digest, seq, revoked, expiresAt, selector }: Change): void {
    // A tombstone leaves its bits in the prefilter until the next rebuild: that costs a lookup, never a wrong
    // answer.
    if (revoked) this.#deps.live.add(digest, expiresAt, selector)
    else this.#deps.own.takenBack(digest, seq)
    this.#deps.cache.forget(digest)
    this.#deps.marks.changed(digest)
  }
}
