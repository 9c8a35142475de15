import { setTimeout as sleep } from 'node:timers/promises'
import type {
  BulkReceipt,
  Receipt,
  RevocationInput,
  RevokeManyOptions,
  RevokeOptions,
  RevokeWhereOptions,
} from '../api.js'
import { RevocadeError } from '../errors.js'
import type { Clock } from '../ports/clock.js'
import type { RevocationStore, Target, Written } from '../ports/index.js'
import type { Logger } from '../ports/logger.js'
import type { Notifier } from '../ports/notifier.js'
import type { PrefixCache } from '../ports/prefix-cache.js'
import { digestBytes, digestOfBytes, type TokenDigester } from '../token/identify.js'
import type { LivePrefilter } from './live-prefilter.js'
import type { OwnWrites } from './own-writes.js'
import { durableIn, noteOnSelector, noteOnToken, receipt } from './receipts.js'
import {
  type Mutations,
  readRevokeManyOptions,
  readRevokeOptions,
  type RevokeMutation,
  selectorOf,
} from './revocation-request.js'
import { BulkWriter, type Done, type Published, type ReadEntry } from './revoke-many.js'
import type { Sync } from './sync.js'
import type { VerdictCache } from './verdict-cache.js'
import { changesOf, type Write } from './write.js'

const NANOSECONDS_PER_MS = 1_000_000
const OFF = Promise.resolve<Published>('off')

/** What {@link Revoke} needs. */
export interface RevokeDeps {
  readonly digester: TokenDigester
  readonly mutations: Mutations
  readonly live: LivePrefilter
  readonly sync: Sync
  readonly own: OwnWrites
  readonly cache: Pick<VerdictCache, 'forget'>
  readonly store: RevocationStore
  readonly prefixCache?: PrefixCache | undefined
  readonly notifier?: Notifier | undefined
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly logger: Logger
  readonly clockToleranceSeconds: number
  /** Milliseconds for which another engine may still answer "active": Δ, or 0 for a store with one owner. */
  readonly stalenessMs: number
}

/** The write path, top to bottom: target, expiry, prefilter, durable commit, receipt. */
export class Revoke {
  readonly #deps: RevokeDeps
  /** The batches in flight of all calls of revokeMany. None of them rejects. */
  readonly #batchesInFlight = new Set<Promise<void>>()

  constructor(deps: RevokeDeps) {
    this.#deps = deps
  }

  async revoke(token: unknown, options: RevokeOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, [])
    const mutation = this.#deps.mutations.ofToken(token, options)
    return this.#revoke(mutation, options.ack, noteOnToken(this.#deps.digester))
  }

  async revokeWhere(selector: unknown, options: RevokeWhereOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, ['issuedBefore', 'sameSecond'])
    const mutation = this.#deps.mutations.ofSelector(selector, options)
    return this.#revoke(mutation, options.ack, noteOnSelector(this.#deps.digester, mutation.target))
  }

  async unrevoke(token: unknown): Promise<Receipt> {
    return this.#unrevoke(this.#deps.digester.targetOf(token))
  }

  async unrevokeWhere(selector: unknown): Promise<Receipt> {
    const { digester, mutations } = this.#deps
    return this.#unrevoke(mutations.honoured(digester.selectorTarget(selector)))
  }

  async revokeMany(
    entries: Iterable<RevocationInput> | AsyncIterable<RevocationInput>,
    options: RevokeManyOptions = {},
  ): Promise<BulkReceipt> {
    readRevokeManyOptions(options)
    if (!isIterable(entries))
      throw new RevocadeError('ERR_CONFIG', 'revokeMany needs an iterable of entries, such as an array')
    const bulk = new BulkWriter({
      commit: (mutations) => this.#commit(mutations),
      inFlight: this.#batchesInFlight,
      redis: this.#whereNothingIsWritten(),
      onProgress: options.onProgress,
    })
    let index = 0
    try {
      for await (const entry of entries) {
        const pause = bulk.add(this.#readEntry(entry, index++, options.onInvalid))
        if (pause !== undefined) await pause
      }
    } finally {
      // Even when an entry or the iterable fails: the entries before it are revoked.
      await bulk.finish()
    }
    const everywhere = this.#everywhere()
    if (options.ack === 'fleet') await everywhere.reached()
    return { ...bulk.totals, durable: durableIn(this.#deps.store), effectiveEverywhereAt: everywhere.at }
  }

  #readEntry(entry: RevocationInput, index: number, onInvalid: RevokeManyOptions['onInvalid']): ReadEntry {
    try {
      const mutation = this.#deps.mutations.ofEntry(entry)
      return this.#hasExpired(mutation) ? 'expired' : mutation
    } catch (error) {
      if (!(error instanceof RevocadeError)) throw error
      if (onInvalid === undefined)
        throw new RevocadeError(error.code, `entry ${index}: ${error.message}`, { cause: error })
      onInvalid(error, entry, index)
      return 'invalid'
    }
  }

  async #revoke(mutation: RevokeMutation, ack: RevokeOptions['ack'], note?: string): Promise<Receipt> {
    const { target, expiresAt } = mutation
    if (this.#hasExpired(mutation)) return this.#nothingWritten('expired', target, expiresAt)
    const committed = await this.#commit([mutation])
    const { at, reached } = this.#everywhere()
    const [redis] = await Promise.all([committed.published, ack === 'fleet' ? reached() : undefined])
    const written = first(committed.written)
    const outcome = written.already ? 'already' : 'revoked'
    const { store } = this.#deps
    return receipt({ outcome, target, written, redis, effectiveEverywhereAt: at, note }, store)
  }

  async #unrevoke(target: Target): Promise<Receipt> {
    const { digester, clock, store, own } = this.#deps
    // What a failover lost is written again first: afterwards it would undo this.
    await own.rewrite()
    const revokedAt = clock.now()
    const writes = digester.targets.all(target).map((digest): Write => {
      return { mutation: { op: 'unrevoke', digest: digestBytes(digest), revokedAt }, target, digest }
    })
    const committed = await this.#write(writes)
    const written = committed.written.find(({ seq }) => seq > 0) ?? first(committed.written)
    if (written.seq === 0) return this.#nothingWritten('unchanged', target, written.expiresAt)
    const { at } = this.#everywhere()
    const redis = await committed.published
    return receipt({ outcome: 'unrevoked', target, written, redis, effectiveEverywhereAt: at }, store)
  }

  /** Commits revocations again that the store had acknowledged and lost. */
  async writeAgain(mutations: readonly RevokeMutation[]): Promise<void> {
    const live = mutations.filter((mutation) => !this.#hasExpired(mutation))
    if (live.length > 0) await this.#commit(live)
  }

  /** The prefilter comes first: from here on a check looks the digest up, even if the write fails. */
  #commit(mutations: readonly RevokeMutation[]): Promise<Done> {
    const writes = mutations.map((mutation) => {
      const digest = digestOfBytes(mutation.digest)
      this.#deps.live.add(digest, mutation.expiresAt, selectorOf(mutation.target))
      return { mutation, target: mutation.target, digest }
    })
    return this.#write(writes)
  }

  /**
   * Once the store acknowledges the commit, everything that a check relies on is updated within one turn of
   * the event loop: from then on this engine finds the change. Redis follows in the background, because no
   * answer relies on it.
   */
  async #write(writes: readonly Write[]): Promise<Done> {
    const { store, sync, own, cache, prefixCache } = this.#deps
    const committed = await store.write(writes.map(({ mutation }) => mutation))
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

  #nothingWritten(outcome: 'expired' | 'unchanged', target: Target, expiresAt: number): Receipt {
    const written = { seq: 0, expiresAt, already: false }
    const redis = this.#whereNothingIsWritten()
    const effectiveEverywhereAt = this.#everywhere().at
    return receipt({ outcome, target, written, redis, effectiveEverywhereAt }, this.#deps.store)
  }

  #whereNothingIsWritten(): Published {
    return this.#deps.prefixCache === undefined ? 'off' : 'written'
  }

  /** When a change committed just now holds for all engines. Waits by the clock that can't be set. */
  #everywhere(): { readonly at: Date; readonly reached: () => Promise<void> } {
    const { clock, stalenessMs } = this.#deps
    const due = clock.monotonic() + BigInt(Math.ceil(stalenessMs * NANOSECONDS_PER_MS))
    const leftMs = (): number => Number(due - clock.monotonic()) / NANOSECONDS_PER_MS
    const reached = async (): Promise<void> => {
      for (let left = leftMs(); left > 0; left = leftMs()) await sleep(Math.ceil(left))
    }
    return { at: new Date(clock.now() + stalenessMs), reached }
  }

  #hasExpired({ expiresAt }: RevokeMutation): boolean {
    const { store, clock, clockToleranceSeconds } = this.#deps
    // A verifier of another engine may still accept the token.
    const tolerance = Math.max(clockToleranceSeconds, store.clockToleranceSeconds ?? 0)
    return expiresAt + tolerance <= clock.now() / 1000
  }
}

function first(written: readonly Written[]): Written {
  const result = written.at(0)
  if (result !== undefined) return result
  throw new RevocadeError('ERR_NOT_DURABLE', 'the store did not say what it wrote: try again')
}

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}
