import { setImmediate as nextTurn } from 'node:timers/promises'
import { RevocadeError } from '../errors.js'
import type { Change, Committed, Poll, Position } from '../ports/index.js'
import { isPromise } from '../ports/is-promise.js'
import { ClockWatch } from './clock-watch.js'
import { Cursor } from './cursor.js'
import { Histories } from './histories.js'
import { takeLateAnswer } from './late-answer.js'
import { PollErrors } from './poll-errors.js'
import { pollIntervalMs, PollTimer } from './poll-timer.js'
import { Refresh } from './refresh.js'
import { SharedPoll } from './shared-poll.js'
import { Sweeper } from './sweeper.js'
import type { SyncDeps } from './sync-deps.js'

/** Changes applied in one slice of the event loop. */
const SLICE = 1024
/** Changes that one check may apply: that takes some ten microseconds. */
const CATCH_UP = 64
/**
 * Follows the store. The changes of a poll go to the prefilter, the verdict cache and the bucket versions;
 * only then is the lease renewed, from the moment before the poll was sent. Nothing else renews a lease.
 *
 *     start ──> following ──> diverged ──> from a common position ─────────────────> following
 *                   │             └── none, or the clock was set back ──> rebuilding ──┘
 *                   └──> stop                             failed: the next poll tries again
 */
export class Sync {
  readonly #deps: SyncDeps
  readonly #cursor: Cursor
  readonly #histories: Histories
  /** Where the filter in use was scanned, until a poll has found that in the history that is followed. */
  #unverified: Position | undefined
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
    this.#cursor = new Cursor(deps)
    this.#histories = new Histories(deps)
    const failed = (error: unknown): void => {
      if (!this.#stopped) this.#errors.failed(error)
    }
    this.#timer = new PollTimer(() => this.poll().catch(failed), pollIntervalMs(deps))
    this.#errors = new PollErrors(deps.logger)
    this.#clocks = new ClockWatch(deps)
    this.#refresh = new Refresh(this.#polls, deps.lease)
    this.#sweeper = new Sweeper(deps, () => this.position)
    deps.live.onFilled = () => this.#verify(deps.live.filledFrom)
    // The prefix cache loads the versions as well, after a bucket split.
    deps.versions?.observe({ versionsLoaded: (loaded) => this.#cursor.see(loaded) })
  }

  get position(): Position {
    return this.#cursor.position
  }

  /** How often the store's history was found to be another one. */
  get divergences(): number {
    return this.#histories.divergences
  }

  /** Applies what was committed after `position`. Rejects when the store can't be read. */
  async start(position: Position): Promise<void> {
    this.#cursor.goTo(position)
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
    if (seq > this.position.seq) this.#timer.hurry()
  }

  /** Stops following; resolves when no poll and no rebuild is running. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#following = false
    this.#deps.lease.end()
    await this.#timer.stop()
    await this.#polls.idle()
    await this.#sweeper.settled()
    await this.#deps.own.rewrite()
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
      const unverified = this.#unverified
      const reply = this.#deps.store.poll(this.position, SLICE, unverified ?? this.#cursor.seen)
      // No await for a synchronous reply: the store counts it as delivered, and isCurrent() says so.
      const answer = isPromise(reply) ? await reply : reply
      if (this.#stopped) throw new RevocadeError('ERR_CLOSED', 'the engine was closed')
      if (answer.status === 'diverged') {
        await this.#changeHistory()
        continue
      }
      // The machine may have slept before a reply: the lease must not count from before that.
      const complete = this.#apply(answer, unverified)
      if (complete && !(isPromise(reply) && this.#clocks.lookAfterReply(answer.serverTime, sentAt))) {
        this.#renew(sentAt)
        break
      }
      await nextTurn() // There is more: the event loop turns between slices.
    }
    if (this.#deps.versions?.complete === false) await this.loadVersions()
    this.#sweeper.sweepIfDue()
    void this.#deps.own.rewrite()
    void this.#deps.marks.rewrite()
  }

  /** Another filter took over. It counts once a poll from its scan on is complete: see decision 30. */
  #verify(filledFrom: Position): void {
    if (this.#deps.store.contains === undefined) return
    this.#unverified = filledFrom
    this.#cursor.goBackTo(filledFrom)
    this.#deps.lease.end()
    this.#timer.hurry()
  }

  async #rebuildIfNeeded(): Promise<void> {
    const why = this.#deps.live.mayLackLive
      ? 'the clock was set back: rebuilding the prefilter, which may lack entries that are live again'
      : this.#unfinished
    // Only a poll has the store check its file, which may have been replaced again since the rebuild failed.
    if (this.#unfinished !== undefined) await this.#deps.store.poll(this.position, 1, this.#cursor.seen)
    if (why !== undefined) await this.#startOver(why)
  }

  /**
   * Whether the prefilter is current right now, for a check without a live lease. Applies a few changes where
   * the store answers synchronously. With Δ = 0 every check comes here.
   */
  catchUp(): boolean {
    const { store, clock, cache } = this.#deps
    if (!this.#following || store.isCurrent === undefined || this.#unverified !== undefined) return false
    const sentAt = clock.monotonic()
    try {
      if (!store.isCurrent()) {
        const answer = store.poll(this.position, CATCH_UP, this.#cursor.seen)
        if (isPromise(answer)) {
          takeLateAnswer(answer, cache)
          return false
        }
        if (answer.status === 'diverged' || !this.#apply(answer)) return false
      }
    } catch {
      return false // The check now asks the store itself and reports its error.
    }
    this.#renew(sentAt)
    return true
  }

  /** Loads the versions of all buckets, if there is a prefix cache. */
  async loadVersions(): Promise<void> {
    await this.#deps.versions?.load()
  }

  /** Applies a change that this engine has just committed. */
  committed(change: Change, committed: Committed): void {
    this.#cursor.committed(change, committed)
  }

  /** Applies the changes of a poll. @returns whether the prefilter then holds everything */
  #apply(answer: Extract<Poll, { status: 'ok' }>, verified?: Position): boolean {
    const isOfThisFilter = this.#unverified === verified
    this.#cursor.apply(answer, isOfThisFilter)
    if (!isOfThisFilter || answer.more) return false
    this.#unverified = undefined
    this.#histories.note(answer.position)
    return true
  }

  #renew(sentAt: bigint): void {
    if (this.#deps.store.contains !== undefined) this.#deps.cache.clear() // see decision 30
    this.#deps.lease.renew(sentAt)
    this.#errors.succeeded(this.position)
  }

  /** The store was restored, or a failover lost its last changes: goes on from before them, or rebuilds. */
  async #changeHistory(): Promise<void> {
    this.#forget()
    // A store that answers at once may take itself for followed: no check must believe it.
    this.#following = this.#deps.store.isCurrent === undefined
    const common = await this.#histories.common()
    if (common === undefined) return this.#startOver('the store was restored or replaced: rebuilding from it')
    this.#forget()
    this.#cursor.goTo(common.position)
    for (const position of common.unjudged) this.#cursor.see(position)
    this.#following = !this.#stopped
  }

  /** Discards what the prefilter and the cache hold, and rebuilds from the store. */
  async #startOver(why: string): Promise<void> {
    const { cache, logger, live, store, versions } = this.#deps
    this.#forget()
    this.#following = false
    this.#unfinished = why
    logger.warn({ position: this.position }, why)
    await this.#sweeper.settled()
    const position = await live.rebuild(store)
    cache.clear()
    this.#histories.forget()
    this.#cursor.goTo(position)
    await versions?.load()
    this.#unfinished = undefined
    this.#following = !this.#stopped
    this.#deps.checkpoint('rebuilt', this.position)
  }

  /** What is known of the store is of another history. */
  #forget(): void {
    this.#deps.lease.end()
    this.#deps.cache.clear()
    this.#deps.versions?.forget()
  }
}
