import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../ports/clock.js'
import type { Committed, RevocationStore, SessionCommit, SessionStore } from '../ports/index.js'
import type { Logger } from '../ports/logger.js'
import type { Notifier } from '../ports/notifier.js'
import type { PrefixCache } from '../ports/prefix-cache.js'
import { digestOfBytes } from '../token/identify.js'
import type { LivePrefilter } from './live-prefilter.js'
import type { OwnWrites } from './own-writes.js'
import { type RevokeMutation, selectorOf } from './revocation-request.js'
import type { Done, Published } from './revoke-many.js'
import type { Sync } from './sync.js'
import type { VerdictCache } from './verdict-cache.js'
import { changesOf, type Write } from './write.js'

const NANOSECONDS_PER_MS = 1_000_000
const OFF = Promise.resolve<Published>('off')

/** What {@link Commits} needs. */
export interface CommitsDeps {
  readonly live: LivePrefilter
  readonly sync: Sync
  readonly own: OwnWrites
  readonly cache: Pick<VerdictCache, 'forget'>
  readonly store: RevocationStore
  readonly prefixCache?: PrefixCache | undefined
  readonly notifier?: Notifier | undefined
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly logger: Logger
  /** Milliseconds for which another engine may still answer "active": Δ, or 0 for a store with one owner. */
  readonly stalenessMs: number
}

/** A commit of sessions whose mutations revoke. */
export interface RevokingSessionCommit extends SessionCommit {
  readonly mutations: readonly RevokeMutation[]
}

/**
 * The way of every change to the store: prefilter, durable commit, and the layers of this engine in the turn
 * of its acknowledgement.
 */
export class Commits {
  readonly #deps: CommitsDeps

  constructor(deps: CommitsDeps) {
    this.#deps = deps
  }

  /** Commits revocations. */
  revoke(mutations: readonly RevokeMutation[]): Promise<Done> {
    return this.write(this.#prefiltered(mutations))
  }

  async write(writes: readonly Write[]): Promise<Done> {
    return this.#apply(writes, await this.#deps.store.write(writes.map(({ mutation }) => mutation)))
  }

  /**
   * Commits to the sessions of the store.
   *
   * @param sessions - of the store
   * @returns undefined when a condition does not hold: nothing was written
   */
  async ofSessions(sessions: SessionStore, commit: RevokingSessionCommit): Promise<Done | undefined> {
    const writes = this.#prefiltered(commit.mutations)
    const committed = await sessions.commit(commit)
    return committed === undefined ? undefined : this.#apply(writes, committed)
  }

  /**
   * Commits writes, if all conditions hold within the commit.
   *
   * @param sessions - of the store
   * @returns undefined when a condition does not hold: nothing was written
   */
  async conditionally(
    sessions: Pick<SessionStore, 'commit'>,
    conditions: SessionCommit['conditions'],
    writes: readonly Write[],
  ): Promise<Done | undefined> {
    const mutations = writes.map(({ mutation }) => mutation)
    const committed = await sessions.commit({ conditions, put: [], mutations })
    return committed === undefined ? undefined : this.#apply(writes, committed)
  }

  /** When a change committed just now holds for all engines. Waits by the clock that can't be set. */
  everywhere(): { readonly at: Date; readonly reached: () => Promise<void> } {
    const { clock, stalenessMs } = this.#deps
    const due = clock.monotonic() + BigInt(Math.ceil(stalenessMs * NANOSECONDS_PER_MS))
    const leftMs = (): number => Number(due - clock.monotonic()) / NANOSECONDS_PER_MS
    const reached = async (): Promise<void> => {
      for (let left = leftMs(); left > 0; left = leftMs()) await sleep(Math.ceil(left))
    }
    return { at: new Date(clock.now() + stalenessMs), reached }
  }

  /** What a receipt says of Redis when there was nothing to write. */
  whereNothingIsWritten(): Published {
    return this.#deps.prefixCache === undefined ? 'off' : 'written'
  }

  /** The prefilter comes first: from here on a check looks the digest up, even if the write fails. */
  #prefiltered(mutations: readonly RevokeMutation[]): Write[] {
    return mutations.map((mutation) => {
      const digest = digestOfBytes(mutation.digest)
      this.#deps.live.add(digest, mutation.expiresAt, selectorOf(mutation.target))
      return { mutation, target: mutation.target, digest }
    })
  }

  /**
   * Once the store acknowledges the commit, everything that a check relies on is updated within one turn of
   * the event loop: from then on this engine finds the change. Redis follows in the background, because no
   * answer relies on it.
   */
  #apply(writes: readonly Write[], committed: Committed): Done {
    const { sync, own, cache, prefixCache } = this.#deps
    own.note(writes, committed)
    // Nothing to change: the store knows something newer than this engine, whose verdict may be older.
    for (const [i, { digest }] of writes.entries())
      if (committed.written.at(i)?.seq === 0) cache.forget(digest)
    const changes = changesOf(writes, committed.written)
    const last = changes.at(-1)
    if (last === undefined) return { written: committed.written, published: OFF }
    this.#announce(last.seq)
    // Before the versions move: the present ones are those that Redis should have.
    const published = prefixCache?.write(changes.map(({ digest }) => digest)) ?? OFF
    for (const change of changes) sync.committed(change, committed)
    return { written: committed.written, published }
  }

  /** The commit is durable, whatever becomes of the notice. */
  #announce(seq: number): void {
    try {
      this.#deps.notifier?.announce(seq)
    } catch (error) {
      this.#deps.logger.warn({ err: error }, 'a commit could not be announced to the other engines')
    }
  }
}
