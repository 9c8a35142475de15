import type {
  BulkReceipt,
  Receipt,
  RevocationInput,
  RevokeManyOptions,
  RevokeOptions,
  RevokeWhereOptions,
  UnrevokeOptions,
} from '../api.js'
import { RevocadeError } from '../errors.js'
import type { Clock } from '../ports/clock.js'
import type { RevocationStore, Target } from '../ports/index.js'
import { digestBytes, type TokenDigester } from '../token/identify.js'
import type { Commits } from './commits.js'
import type { OwnWrites } from './own-writes.js'
import { durableIn, noteOnSelector, noteOnToken, receipt } from './receipts.js'
import {
  type Mutations,
  readRevokeManyOptions,
  readRevokeOptions,
  readUnrevokeOptions,
  type RevokeMutation,
} from './revocation-request.js'
import { BulkWriter, type Done, isIterable, type ReadEntry } from './revoke-many.js'
import { takenBackMark } from './taken-back-mark.js'
import type { Write } from './write.js'

/** What {@link Revoke} needs. */
export interface RevokeDeps {
  readonly digester: TokenDigester
  readonly mutations: Mutations
  readonly commits: Commits
  readonly own: Pick<OwnWrites, 'rewrite'>
  readonly store: RevocationStore
  readonly clock: Pick<Clock, 'now'>
  readonly clockToleranceSeconds: number
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
    return this.revokeForms([token], options)
  }

  /** @param forms - of one token, whose id may be a text or a number: one commit */
  async revokeForms(forms: readonly unknown[], options: RevokeOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, [])
    const { digester, mutations } = this.#deps
    const wanted = forms.map((form) => mutations.ofToken(form, options))
    return this.#revoke(wanted, options.ack, noteOnToken(digester, forms.at(-1)))
  }

  async revokeWhere(selector: unknown, options: RevokeWhereOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, ['issuedBefore', 'sameSecond'])
    const mutation = this.#deps.mutations.ofSelector(selector, options)
    return this.#revoke([mutation], options.ack, noteOnSelector(this.#deps.digester, mutation.target))
  }

  async unrevoke(token: unknown, options: UnrevokeOptions = {}): Promise<Receipt> {
    return this.unrevokeForms([token], options)
  }

  /** @param forms - of one token, whose id may be a text or a number: one commit */
  async unrevokeForms(forms: readonly unknown[], options: UnrevokeOptions = {}): Promise<Receipt> {
    readUnrevokeOptions(options)
    const targets = forms.map((form) => this.#deps.digester.targetOf(form))
    return this.#unrevoke(targets, options.actor)
  }

  async unrevokeWhere(selector: unknown, options: UnrevokeOptions = {}): Promise<Receipt> {
    readUnrevokeOptions(options)
    const { digester, mutations } = this.#deps
    return this.#unrevoke([mutations.honoured(digester.selectorTarget(selector))], options.actor)
  }

  /**
   * Takes back a revocation as it was seen, and no newer one of the same target.
   *
   * @param seq - the number of the revocation that was seen
   * @param actor - who takes it back
   * @returns undefined when the target has another number now: nothing was written
   * @throws {RevocadeError} ERR_CONFIG when the store can't commit on a condition
   */
  async undo(target: Target, seq: number, actor?: string): Promise<Receipt | undefined> {
    const { digester, clock, commits, store, own } = this.#deps
    const { sessions } = store
    if (sessions === undefined) throw unconditional(store.kind)
    await own.rewrite()
    for (const digest of digester.targets.all(target)) {
      const row = await store.get(digest)
      if (row?.seq !== seq) continue
      const bytes = digestBytes(digest)
      const revokedAt = clock.now()
      const burial: Write = { mutation: { op: 'unrevoke', digest: bytes, revokedAt }, target, digest }
      const mark = actor === undefined ? [] : takenBackMark(digester, row, { actor, revokedAt })
      const done = await commits.conditionally(sessions, [{ digest: bytes, seq }], [burial, ...mark])
      return done === undefined ? undefined : this.#takenBack([burial], done)
    }
    return undefined
  }

  async revokeMany(
    entries: Iterable<RevocationInput> | AsyncIterable<RevocationInput>,
    options: RevokeManyOptions = {},
  ): Promise<BulkReceipt> {
    readRevokeManyOptions(options)
    if (!isIterable(entries))
      throw new RevocadeError('ERR_CONFIG', 'revokeMany needs an iterable of entries, such as an array')
    const { commits } = this.#deps
    const bulk = new BulkWriter({
      commit: (mutations) => commits.revoke(mutations),
      inFlight: this.#batchesInFlight,
      redis: commits.whereNothingIsWritten(),
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
    const everywhere = commits.everywhere()
    if (options.ack === 'fleet') await everywhere.reached()
    return { ...bulk.totals, durable: durableIn(this.#deps.store), effectiveEverywhereAt: everywhere.at }
  }

  #readEntry(entry: RevocationInput, index: number, onInvalid: RevokeManyOptions['onInvalid']): ReadEntry {
    try {
      const mutation = this.#deps.mutations.ofEntry(entry)
      return this.hasExpired(mutation) ? 'expired' : mutation
    } catch (error) {
      if (!(error instanceof RevocadeError)) throw error
      if (onInvalid === undefined)
        throw new RevocadeError(error.code, `entry ${index}: ${error.message}`, { cause: error })
      onInvalid(error, entry, index)
      return 'invalid'
    }
  }

  /** @returns the receipt of the first that was not revoked before; of the first one if all were */
  async #revoke(
    mutations: readonly RevokeMutation[],
    ack: RevokeOptions['ack'],
    note?: string,
  ): Promise<Receipt> {
    const live = mutations.filter((mutation) => !this.hasExpired(mutation))
    if (live.length === 0) {
      const { target, expiresAt } = nth(mutations, 0)
      return this.#nothingWritten('expired', target, expiresAt)
    }
    const { commits, store } = this.#deps
    const committed = await commits.revoke(live)
    const { at, reached } = commits.everywhere()
    const [redis] = await Promise.all([committed.published, ack === 'fleet' ? reached() : undefined])
    const fresh = committed.written.findIndex(({ already }) => !already)
    const shown = Math.max(0, fresh)
    const { target } = nth(live, shown)
    const written = nth(committed.written, shown)
    const outcome = written.already ? 'already' : 'revoked'
    return receipt({ outcome, target, written, redis, effectiveEverywhereAt: at, note }, store)
  }

  async #unrevoke(targets: readonly Target[], actor: string | undefined): Promise<Receipt> {
    const { digester, clock, commits, own, store } = this.#deps
    // What a failover lost is written again first: afterwards it would undo this.
    await own.rewrite()
    const revokedAt = clock.now()
    const burials = targets.flatMap((target) =>
      digester.targets.all(target).map((digest): Write => {
        return { mutation: { op: 'unrevoke', digest: digestBytes(digest), revokedAt }, target, digest }
      }),
    )
    const rows =
      actor === undefined ? [] : await Promise.all(burials.map(async ({ digest }) => store.get(digest)))
    // Where nothing is revoked, there is nothing to note, and the mark of an earlier time stays.
    const marks = rows.flatMap((row) =>
      actor !== undefined && row?.revoked === true ? takenBackMark(digester, row, { actor, revokedAt }) : [],
    )
    return this.#takenBack(burials, await commits.write([...burials, ...marks]))
  }

  /**
   * @param burials - the writes that take back; in what was done, marks follow them
   * @returns the receipt of the first that was revoked; of the first one if none was
   */
  async #takenBack(burials: readonly Write[], done: Done): Promise<Receipt> {
    const { commits, store } = this.#deps
    const changed = done.written.findIndex(({ seq }, i) => seq > 0 && i < burials.length)
    const shown = Math.max(0, changed)
    const { target } = nth(burials, shown)
    const written = nth(done.written, shown)
    if (written.seq === 0) return this.#nothingWritten('unchanged', target, written.expiresAt)
    const effectiveEverywhereAt = commits.everywhere().at
    const redis = await done.published
    return receipt({ outcome: 'unrevoked', target, written, redis, effectiveEverywhereAt }, store)
  }

  /** Commits revocations again that the store had acknowledged and lost. */
  async writeAgain(mutations: readonly RevokeMutation[]): Promise<void> {
    const live = mutations.filter((mutation) => !this.hasExpired(mutation))
    if (live.length > 0) await this.#deps.commits.revoke(live)
  }

  #nothingWritten(outcome: 'expired' | 'unchanged', target: Target, expiresAt: number): Receipt {
    const written = { seq: 0, expiresAt, already: false }
    const { commits, store } = this.#deps
    const redis = commits.whereNothingIsWritten()
    const effectiveEverywhereAt = commits.everywhere().at
    return receipt({ outcome, target, written, redis, effectiveEverywhereAt }, store)
  }

  /** Whether a revocation has ended already, so that there is nothing to store. */
  hasExpired({ expiresAt }: RevokeMutation): boolean {
    const { store, clock, clockToleranceSeconds } = this.#deps
    // A verifier of another engine may still accept the token.
    const tolerance = Math.max(clockToleranceSeconds, store.clockToleranceSeconds ?? 0)
    return expiresAt + tolerance <= clock.now() / 1000
  }
}

function nth<T>(results: readonly T[], index: number): T {
  const result = results.at(index)
  if (result !== undefined) return result
  throw new RevocadeError('ERR_NOT_DURABLE', 'the store did not say what it wrote: try again')
}

function unconditional(kind: string): RevocadeError {
  return new RevocadeError(
    'ERR_CONFIG',
    `the store (${kind}) can't commit on a condition: take it back with unrevoke or unrevokeWhere`,
  )
}
