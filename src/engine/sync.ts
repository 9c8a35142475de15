import type { BucketVersionTable } from '../buckets/version-table.js'
import type { Clock } from '../ports/clock.js'
import type { Change, Committed, Logger, Poll, Position, RevocationStore } from '../ports/index.js'
import { ClockStepDetector } from './clock-step-detector.js'
import type { Lease } from './lease.js'
import type { LivePrefilter } from './live-prefilter.js'
import { PollTimer } from './poll-timer.js'
import type { VerdictCache } from './verdict-cache.js'

/** Changes taken in one slice of the event loop. */
const SLICE = 1024
/** Changes that one check may take in: some ten microseconds' worth. */
const CATCH_UP = 64
/** An owner of the store learns nothing from a poll but that the file is still there. */
const EXCLUSIVE_POLL_MS = 1000
/** Wall and monotonic clock may drift apart by so much between two polls before it counts as a step or a suspend. */
const CLOCK_STEP_MS = 250
/** How often L0 is looked through for what has expired. */
const SWEEP_NS = 5_000_000_000n

/** Before the first change of any store. */
const ORIGIN: Position = { seq: 0, epoch: '' }

export interface SyncDeps {
  readonly store: RevocationStore
  readonly live: LivePrefilter
  readonly cache: VerdictCache
  readonly lease: Lease
  /** The versions that L1 must bear to count; undefined where there is no L1. */
  readonly versions?: BucketVersionTable | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** Δ in milliseconds. */
  readonly maxStalenessMs: number
  readonly exclusive: boolean
  /** Steps back of the wall clock up to so many seconds are covered by what L0 keeps past its expiry. */
  readonly graceSeconds: number
  /** Called where a snapshot of L0 may be worth taking: L0 was rebuilt, or looked through. */
  readonly checkpoint: (why: 'rebuilt' | 'swept', position: Position) => void
}

/**
 * Follows the store: polls for changes, applies them to L0, drops them from the verdict cache, notes the versions that L1 must
 * have from now on, and only then renews the lease, from the moment before the poll was sent. What a check relies on is in this
 * order; nothing else renews a lease.
 */
export class Sync {
  readonly #deps: SyncDeps
  #position: Position = ORIGIN
  /** The newest position of the store's history that was heard of, perhaps ahead of what was taken in. The store must know it still. */
  #seen: Position = ORIGIN
  readonly #timer: PollTimer
  #stopped = false
  /** L0 holds everything up to the position. Not before the start, nor while it is rebuilt because it can't be trusted. */
  #following = false
  #rebuild: Promise<void> | undefined
  #failing = false
  /** Why L0 must be rebuilt before it is trusted again: a rebuild that failed. */
  #unfinished: string | undefined
  readonly #clockWatch: ClockStepDetector
  #sweptAt: bigint

  constructor(deps: SyncDeps) {
    this.#deps = deps
    const intervalMs = deps.exclusive ? EXCLUSIVE_POLL_MS : Math.max(5, (deps.maxStalenessMs || 1000) / 3)
    this.#timer = new PollTimer(() => this.poll().catch((error: unknown) => this.#failed(error)), intervalMs)
    this.#clockWatch = new ClockStepDetector(deps.clock)
    this.#sweptAt = deps.clock.monotonic()
    // The prefix cache loads the versions as well, after a bucket split.
    deps.versions?.observe({ versionsLoaded: (loaded) => this.#see(loaded) })
  }

  get position(): Position {
    return this.#position
  }

  /**
   * Applies everything committed so far. Rejects when the store can't be read.
   *
   * @param position - the prefilter holds every change up to it
   */
  async start(position: Position): Promise<void> {
    this.#position = position
    this.#seen = position
    this.#deps.cache.maxConfirmedSeq = position.seq
    this.#following = true
    await this.loadVersions()
    await this.poll()
  }

  /** Polls from now on, every Δ/3. */
  keepPolling(): void {
    this.#timer.start()
  }

  /** Polls soon where that may find more: something was committed elsewhere, it is said, up to a number. */
  hurry(seq: number): void {
    if (seq > this.#position.seq) this.#timer.hurry()
  }

  /** Follows no more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#following = false
    this.#deps.lease.end()
    await this.#timer.stop()
    await this.#rebuild
  }

  /** One round: everything up to now, slice by slice, then the lease. */
  async poll(): Promise<void> {
    const why = this.#clockStepped()
      ? 'the clock was set back: rebuilding L0, which may have dropped what lives again'
      : this.#unfinished
    if (why !== undefined) await this.#startOver(why)
    for (;;) {
      const sentAt = this.#deps.clock.monotonic()
      const reply = this.#deps.store.poll(this.#position, SLICE, this.#seen)
      // A reply that is there is applied before anything else runs: the store already counts it as delivered, so that a
      // check in between would be told by isCurrent() that L0 has it.
      const answer = reply instanceof Promise ? await reply : reply
      if (this.#stopped) return
      if (answer.status === 'diverged') {
        await this.#startOver('the store was restored or replaced: rebuilding from it')
        continue
      }
      if (this.#apply(answer)) {
        this.#renew(sentAt)
        break
      }
      // More to come: let the event loop turn between slices.
      await new Promise(setImmediate)
    }
    if (this.#deps.versions?.complete === false) await this.loadVersions()
    this.#sweep()
  }

  /**
   * For a check that finds no live lease: is L0 current, right now? Takes in a few changes at once where the store is a
   * local one that answers at once. With Δ = 0 that is the way of every check.
   */
  catchUp(): boolean {
    const { store, clock, cache } = this.#deps
    if (!this.#following || store.isCurrent === undefined) return false
    const sentAt = clock.monotonic()
    try {
      if (!store.isCurrent()) {
        const answer = store.poll(this.#position, CATCH_UP, this.#seen)
        if (answer instanceof Promise) {
          // Not in time for this check; the next round asks again. But that the store is another one is said only once,
          // and a failure that nobody listens to would end the process.
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
      // The check goes on to the store itself, which says what is wrong.
      return false
    }
    this.#renew(sentAt)
    return true
  }

  /** Learns the versions of all buckets, where there is an L1 to hold them against. */
  async loadVersions(): Promise<void> {
    await this.#deps.versions?.load()
  }

  /** Takes in a change that this engine has just committed itself. */
  committed(change: Change, { epoch, buckets }: Committed): void {
    const { digest, seq } = change
    this.#applyChange(change)
    this.#see({ seq, epoch })
    if (buckets !== undefined) this.#deps.versions?.noteCommit(digest, seq, buckets)
    // The very next number of the same history: nothing of others' lies between, so the poll need not read our own change
    // again. In another epoch the numbers before it may be others' as well, where the store was restored in between.
    if (seq === this.#position.seq + 1 && (epoch === this.#position.epoch || seq === 1))
      this.#position = { seq, epoch }
  }

  #apply(answer: Extract<Poll, { status: 'ok' }>): boolean {
    for (const change of answer.changes) this.#applyChange(change)
    if (answer.buckets !== undefined) this.#deps.versions?.note(answer.buckets)
    this.#see(answer.head ?? answer.position)
    // Own commits may have moved the position while an asynchronous store was answering.
    if (answer.position.seq >= this.#position.seq) this.#position = answer.position
    return !answer.more
  }

  #see(position: Position): void {
    if (position.seq <= this.#seen.seq) return
    this.#seen = position
    this.#deps.cache.maxConfirmedSeq = position.seq
  }

  #applyChange({ digest, revoked, expiresAt, selector }: Change): void {
    // A tombstone leaves its bits in L0 until the next rebuild: that costs a closer look, never a wrong answer.
    if (revoked) this.#deps.live.add(digest, expiresAt, selector)
    this.#deps.cache.forget(digest)
  }

  #renew(sentAt: bigint): void {
    this.#deps.lease.renew(sentAt)
    if (!this.#failing) return
    this.#failing = false
    this.#deps.logger.info({ position: this.#position }, 'following the store again')
  }

  /** Nothing that L0 and the cache hold counts any more. */
  async #startOver(why: string): Promise<void> {
    const { lease, cache, logger, live, store, versions } = this.#deps
    lease.end()
    cache.clear()
    versions?.forget()
    this.#following = false
    this.#unfinished = why
    logger.warn({ position: this.#position }, why)
    await this.#rebuild
    const position = await live.rebuild(store)
    cache.clear()
    this.#position = position
    this.#seen = position
    cache.maxConfirmedSeq = position.seq
    await this.loadVersions()
    this.#unfinished = undefined
    this.#following = !this.#stopped
    this.#deps.checkpoint('rebuilt', this.#position)
  }

  /** Ends the lease where the clocks disagree; true where L0 itself can't be trusted by the new time. */
  #clockStepped(): boolean {
    const { lease, logger, graceSeconds } = this.#deps
    const steppedMs = this.#clockWatch.steppedMs()
    if (Math.abs(steppedMs) < CLOCK_STEP_MS) return false
    lease.end()
    logger.warn(
      { steppedMs: Math.round(steppedMs) },
      'the clock was stepped or the process suspended: the lease ended',
    )
    // Small steps back add up, but an entry is kept for the whole grace past its expiry.
    return steppedMs < (-graceSeconds * 1000) / 2
  }

  #sweep(): void {
    const { clock, live, store, logger, checkpoint } = this.#deps
    const now = clock.monotonic()
    if (now - this.#sweptAt < SWEEP_NS) return
    this.#sweptAt = now
    if (!live.sweep()) checkpoint('swept', this.#position)
    else
      this.#rebuild ??= live
        .rebuild(store)
        .then(() => checkpoint('rebuilt', this.#position))
        .catch((error: unknown) =>
          logger.warn({ err: error }, 'L0 could not be rebuilt; the old one stays in use'),
        )
        .finally(() => (this.#rebuild = undefined))
  }

  #failed(error: unknown): void {
    if (this.#failing || this.#stopped) return
    this.#failing = true
    this.#deps.logger.warn(
      { err: error },
      "the store can't be followed: answers come from it directly once the lease has run out",
    )
  }
}
