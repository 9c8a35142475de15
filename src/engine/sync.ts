import { setImmediate as nextTurn } from 'node:timers/promises'
import { RevocadeError } from '../errors.js'
import type { Change, Committed, Poll, Position } from '../ports/index.js'
import { isPromise } from '../ports/is-promise.js'
import { ClockWatch } from './clock-watch.js'
import { PollErrors } from './poll-errors.js'
import { PollTimer } from './poll-timer.js'
import { Refresh } from './refresh.js'
import { SharedPoll } from './shared-poll.js'
import { Sweeper } from './sweeper.js'
import type { SyncDeps } from './sync-deps.js'

/** Changes applied in one slice of the event loop. */
const SLICE = 1024
/** Changes that one check may apply: that takes some ten microseconds. */
const CATCH_UP = 64
/** Milliseconds between polls by the only owner of a store: they only tell that the file is still there. */
const EXCLUSIVE_POLL_MS = 1000

/** Before the first change of any store. */
const ORIGIN: Position = { seq: 0, epoch: '' }

/**
 * Follows the store. The changes of a poll go to the prefilter, the verdict cache and the bucket versions;
 * only then is the lease renewed, from the moment before the poll was sent. Nothing else renews a lease.
 *
 *     start ──> following ──> diverged, or the clock was set back ──> rebuilding ──> following
 *                   └──> stop                             failed: the next poll tries again
 */
export class Sync {
  readonly #deps: SyncDeps
  #position: Position = ORIGIN
  /** The newest known position of the store, perhaps not applied yet. Polls check that it still exists. */
  #seen: Position = ORIGIN
  readonly #timer: PollTimer
  readonly #polls = new SharedPoll(() => this.#poll())
  readonly #refresh: Refresh
  #stopped = false
  /** The prefilter holds everything up to the position: not before the start, nor while it is rebuilt. */
  #following = false
  readonly #errors: PollErrors
  /** Why the prefilter must be rebuilt before it is used again; set until the rebuild succeeds. */
  #unfinished: string | undefined
  readonly #clocks: ClockWatch
  readonly #sweeper: Sweeper

  constructor(deps: SyncDeps) {
    this.#deps = deps
    const intervalMs = deps.exclusive ? EXCLUSIVE_POLL_MS : Math.max(5, (deps.maxStalenessMs || 1000) / 3)
    const failed = (error: unknown): void => {
      if (!this.#stopped) this.#errors.failed(error)
    }
    this.#timer = new PollTimer(() => this.poll().catch(failed), intervalMs)
    this.#errors = new PollErrors(deps.logger)
    this.#clocks = new ClockWatch(deps)
    this.#refresh = new Refresh(this.#polls, deps.lease)
    this.#sweeper = new Sweeper(deps, () => this.#position)
    // The prefix cache loads the versions as well, after a bucket split.
    deps.versions?.observe({ versionsLoaded: (loaded) => this.#see(loaded) })
  }

  get position(): Position {
    return this.#position
  }

  /** Applies what was committed after `position`. Rejects when the store can't be read. */
  async start(position: Position): Promise<void> {
    this.#position = position
    this.#seen = position
    this.#deps.cache.maxConfirmedSeq = position.seq
    this.#following = true
    await this.#deps.versions?.load()
    await this.poll()
  }

  /** Polls every Δ/3 from now on. */
  keepPolling(): void {
    this.#timer.start()
  }

  /** Polls soon, because a notice says that another engine committed changes up to `seq`. */
  hurry(seq: number): void {
    if (seq > this.#position.seq) this.#timer.hurry()
  }

  /** Stops following; resolves when no poll and no rebuild is running. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#following = false
    this.#deps.lease.end()
    await this.#timer.stop()
    await this.#polls.idle()
    await this.#sweeper.settled()
  }

  /**
   * Applies everything committed so far, slice by slice, then renews the lease. One poll is under way at a
   * time: it may be the next one, which all share who ask meanwhile.
   */
  poll(): Promise<void> {
    return this.#polls.run()
  }

  /**
   * For checks without a live lease, where the store can't answer at once: see {@link Refresh.run}. Undefined
   * where {@link Sync.catchUp} is for them, and during a rebuild, which would take too long.
   */
  refresh(): Promise<unknown> | undefined {
    return this.#following && this.#deps.store.isCurrent === undefined ? this.#refresh.run() : undefined
  }

  async #poll(): Promise<void> {
    this.#clocks.look()
    await this.#rebuildIfNeeded()
    for (;;) {
      const sentAt = this.#deps.clock.monotonic()
      const reply = this.#deps.store.poll(this.#position, SLICE, this.#seen)
      // No await for a synchronous reply: the store counts it as delivered, and isCurrent() says so.
      const answer = isPromise(reply) ? await reply : reply
      if (this.#stopped) throw new RevocadeError('ERR_CLOSED', 'the engine was closed')
      if (answer.status === 'diverged') {
        await this.#startOver('the store was restored or replaced: rebuilding from it')
        continue
      }
      // The machine may have slept before a reply: the lease must not count from before that.
      if (this.#apply(answer) && !(isPromise(reply) && this.#clocks.look())) {
        this.#renew(sentAt)
        break
      }
      // There is more: the event loop turns between slices.
      await nextTurn()
    }
    if (this.#deps.versions?.complete === false) await this.loadVersions()
    this.#sweeper.sweepIfDue()
  }

  async #rebuildIfNeeded(): Promise<void> {
    const why = this.#deps.live.mayLackLive
      ? 'the clock was set back: rebuilding the prefilter, which may lack entries that are live again'
      : this.#unfinished
    // Only a poll has the store check its file, which may have been replaced again since the rebuild failed.
    if (this.#unfinished !== undefined) await this.#deps.store.poll(this.#position, 1, this.#seen)
    if (why !== undefined) await this.#startOver(why)
  }

  /**
   * Whether the prefilter is current right now, for a check without a live lease. Applies a few changes where
   * the store answers synchronously. With Δ = 0 every check comes here.
   */
  catchUp(): boolean {
    const { store, clock, cache } = this.#deps
    if (!this.#following || store.isCurrent === undefined) return false
    const sentAt = clock.monotonic()
    try {
      if (!store.isCurrent()) {
        const answer = store.poll(this.#position, CATCH_UP, this.#seen)
        if (isPromise(answer)) {
          // Too late for this check; the next poll asks again. Two things must not be lost: a store reports
          // only once that it diverged, and an unhandled rejection would end the process.
          answer.then(
            ({ status }) => {
              if (status === 'diverged') cache.clear()
            },
            () => undefined,
          )
          return false
        }
        if (answer.status === 'diverged' || !this.#apply(answer)) return false
      }
    } catch {
      // The check now asks the store itself and reports its error.
      return false
    }
    this.#renew(sentAt)
    return true
  }

  /** Loads the versions of all buckets, if there is a prefix cache. */
  async loadVersions(): Promise<void> {
    await this.#deps.versions?.load()
  }

  /** Applies a change that this engine has just committed. */
  committed(change: Change, { epoch, previous, buckets }: Committed): void {
    const { digest, seq } = change
    this.#applyChange(change)
    this.#see({ seq, epoch })
    if (buckets !== undefined) this.#deps.versions?.noteCommit(digest, seq, buckets)
    // The next number of the same history: no other engine's change lies between, so the poll need not read
    // this one. In another epoch the numbers before it may be others' as well, unless the commit follows the
    // one of the position: the store was restored in between.
    const { seq: last, epoch: known } = this.#position
    if (seq === last + 1 && (epoch === known || previous === known || seq === 1))
      this.#position = { seq, epoch }
  }

  #apply(answer: Extract<Poll, { status: 'ok' }>): boolean {
    for (const change of answer.changes) this.#applyChange(change)
    if (answer.buckets !== undefined) this.#deps.versions?.note(answer.buckets)
    this.#see(answer.head ?? answer.position)
    // Own commits may have moved the position while an asynchronous store answered.
    if (answer.position.seq >= this.#position.seq) this.#position = answer.position
    return !answer.more
  }

  #see(position: Position): void {
    if (position.seq <= this.#seen.seq) return
    this.#seen = position
    this.#deps.cache.maxConfirmedSeq = position.seq
  }

  #applyChange({ digest, revoked, expiresAt, selector }: Change): void {
    // A tombstone leaves its bits in the prefilter until the next rebuild: that costs a lookup, never a wrong
    // answer.
    if (revoked) this.#deps.live.add(digest, expiresAt, selector)
    this.#deps.cache.forget(digest)
  }

  #renew(sentAt: bigint): void {
    this.#deps.lease.renew(sentAt)
    this.#errors.succeeded(this.#position)
  }

  /** Discards what the prefilter and the cache hold, and rebuilds from the store. */
  async #startOver(why: string): Promise<void> {
    const { lease, cache, logger, live, store, versions } = this.#deps
    lease.end()
    cache.clear()
    versions?.forget()
    this.#following = false
    this.#unfinished = why
    logger.warn({ position: this.#position }, why)
    await this.#sweeper.settled()
    const position = await live.rebuild(store)
    cache.clear()
    this.#position = position
    this.#seen = position
    cache.maxConfirmedSeq = position.seq
    await versions?.load()
    this.#unfinished = undefined
    this.#following = !this.#stopped
    this.#deps.checkpoint('rebuilt', this.#position)
  }
}
