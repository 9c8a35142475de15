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
import type { Change, Digest, Mutation, RevocationStore, Target, Written } from '../ports/index.js'
import type { Notifier } from '../ports/notifier.js'
import type { PrefixCache } from '../ports/prefix-cache.js'
import { digestBytes, digestOfBytes, type TokenDigester } from '../token/identify.js'
import { asRecord, oneOfOption, rejectUnknownKeys } from '../validate.js'
import type { LivePrefilter } from './live-prefilter.js'
import { type Mutations, readText, type RevokeMutation, selectorOf } from './revocation-request.js'
import type { Sync } from './sync.js'

/** Entries of revokeMany that are written together, and how many such writes may wait: a store commits large batches cheaper. */
const BATCH = 4096
const BATCHES_AHEAD = 14
/** How long entries are read, a few at a time, before the event loop turns, in milliseconds. */
const TURN_MS = 8
const FEW = 64
const NANOSECONDS_PER_MS = 1_000_000

type Published = Receipt['redis']
const OFF = Promise.resolve<Published>('off')

/** A durable commit, and whether Redis has it. */
interface Done {
  readonly written: readonly Written[]
  readonly published: Promise<Published>
}

export interface RevokeDeps {
  readonly digester: TokenDigester
  readonly mutations: Mutations
  readonly live: LivePrefilter
  readonly sync: Sync
  readonly store: RevocationStore
  readonly prefixCache?: PrefixCache | undefined
  readonly notifier?: Notifier | undefined
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly clockToleranceSeconds: number
  /** How long another engine may go on answering "active": Δ, or 0 where there is none. */
  readonly stalenessMs: number
}

/** The write path, top to bottom: target, expiry, L0, durable commit, receipt. */
export class Revoke {
  readonly #deps: RevokeDeps
  /** The batches under way of all calls of revokeMany. None of them rejects. */
  readonly #batches = new Set<Promise<void>>()

  constructor(deps: RevokeDeps) {
    this.#deps = deps
  }

  async revoke(token: unknown, options: RevokeOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, [])
    return this.#revoke(this.#deps.mutations.ofToken(token, options), options.ack)
  }

  async revokeWhere(selector: unknown, options: RevokeWhereOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, ['issuedBefore', 'sameSecond'])
    return this.#revoke(this.#deps.mutations.ofSelector(selector, options), options.ack)
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
      throw new RevocadeError('ERR_CONFIG', 'revokeMany takes an iterable of entries, such as an array')
    const total = { seq: 0, count: 0, expired: 0, invalid: 0 }
    const underWay: Promise<void>[] = []
    let redis: Published = this.#deps.prefixCache === undefined ? 'off' : 'written'
    let batch: RevokeMutation[] = []
    let turnedAt = performance.now()
    /** A synchronous iterable never lets the event loop turn by itself: checks and the lease must not wait for its end. */
    const turn = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve))
      turnedAt = performance.now()
    }
    const send = async (): Promise<void> => {
      const mutations = batch
      batch = []
      // Several calls share the room there is: none of them is refused for want of it.
      while (this.#batches.size >= BATCHES_AHEAD) await Promise.race(this.#batches)
      const sent = this.#commit(mutations).then(async ({ written, published }) => {
        total.count += mutations.length
        total.seq = written.at(-1)?.seq ?? total.seq
        options.onProgress?.(total.count)
        if ((await published) === 'queued') redis = 'queued'
      })
      underWay.push(sent)
      // A failure shows when its turn comes; until then it is no unhandled rejection.
      const settled = sent.catch(() => undefined).finally(() => this.#batches.delete(settled))
      this.#batches.add(settled)
      if (underWay.length > BATCHES_AHEAD) await underWay.shift()
      await turn()
    }
    let index = 0
    try {
      for await (const entry of entries) {
        try {
          const mutation = this.#deps.mutations.ofEntry(entry)
          if (this.#hasExpired(mutation)) total.expired++
          else batch.push(mutation)
        } catch (error) {
          if (!(error instanceof RevocadeError)) throw error
          if (options.onInvalid === undefined)
            throw new RevocadeError(error.code, `entry ${index}: ${error.message}`, { cause: error })
          total.invalid++
          options.onInvalid(error, entry, index)
        }
        index++
        if (batch.length === BATCH) await send()
        else if (index % FEW === 0 && performance.now() - turnedAt > TURN_MS) await turn()
      }
    } finally {
      // Also where an entry or the iterable fails: what came before stays revoked.
      if (batch.length > 0) await send()
      await Promise.all(underWay)
    }
    const everywhere = this.#everywhere()
    if (options.ack === 'fleet') await everywhere.reached()
    return { ...total, durable: true, redis, effectiveEverywhereAt: everywhere.at }
  }

  async #revoke(mutation: RevokeMutation, ack: RevokeOptions['ack']): Promise<Receipt> {
    if (this.#hasExpired(mutation))
      return this.#nothingWritten('expired', mutation.target, mutation.expiresAt)
    const committed = await this.#commit([mutation])
    const everywhere = this.#everywhere()
    const [redis] = await Promise.all([
      committed.published,
      ack === 'fleet' ? everywhere.reached() : undefined,
    ])
    return this.#receipt('revoked', mutation.target, committed.written[0], redis, everywhere.at)
  }

  async #unrevoke(target: Target): Promise<Receipt> {
    const { digester, clock } = this.#deps
    const digest = digester.target(target).slice()
    const { written, published } = await this.#write(
      [{ op: 'unrevoke', digest: digestBytes(digest), revokedAt: clock.now() }],
      [target],
      [digest],
    )
    const [done] = written
    if (done.seq === 0) return this.#nothingWritten('unchanged', target, done.expiresAt)
    const { at } = this.#everywhere()
    return this.#receipt('unrevoked', target, done, await published, at)
  }

  /** L0 first: from here on a check takes the closer look, whatever becomes of the write. Then the commit. */
  #commit(mutations: readonly RevokeMutation[]): Promise<Done> {
    const { live } = this.#deps
    const digests = mutations.map(({ digest }) => digestOfBytes(digest))
    mutations.forEach(({ target, expiresAt }, i) => live.add(digests[i], expiresAt, selectorOf(target)))
    return this.#write(
      mutations,
      mutations.map(({ target }) => target),
      digests,
    )
  }

  /**
   * The durable commit. Once it is acknowledged, all that a check relies on takes it in, in one turn: from then on this engine
   * finds it. Redis comes after that, in the background, for nothing relies on its being told.
   */
  async #write(
    mutations: readonly Mutation[],
    targets: readonly Target[],
    digests: readonly Digest[],
  ): Promise<Done> {
    const { store, sync, prefixCache, notifier } = this.#deps
    const committed = await store.write(mutations)
    const changes: Change[] = []
    for (const [i, { seq, expiresAt }] of committed.written.entries()) {
      if (seq === 0) continue
      const selector = selectorOf(targets[i])
      changes.push({
        digest: digests[i],
        seq,
        revoked: mutations[i].op === 'revoke',
        expiresAt,
        ...(selector === undefined ? {} : { selector }),
      })
    }
    const last = changes.at(-1)
    if (last !== undefined) notifier?.announce(last.seq)
    // Before the versions move: what they are now is what Redis should have.
    const published = last === undefined ? OFF : prefixCache?.write(changes.map(({ digest }) => digest))
    for (const change of changes) sync.committed(change, committed)
    return { written: committed.written, published: published ?? OFF }
  }

  #receipt(
    outcome: Receipt['outcome'],
    target: Target,
    { seq, expiresAt }: Written,
    redis: Published,
    effectiveEverywhereAt: Date,
  ): Receipt {
    return {
      seq,
      outcome,
      target,
      expiresAt: new Date(expiresAt * 1000),
      durable: true,
      redis,
      effectiveEverywhereAt,
    }
  }

  #nothingWritten(outcome: 'expired' | 'unchanged', target: Target, expiresAt: number): Receipt {
    const redis = this.#deps.prefixCache === undefined ? 'off' : 'written'
    return this.#receipt(outcome, target, { seq: 0, expiresAt }, redis, this.#everywhere().at)
  }

  /** When what was just committed holds for all engines: by the wall clock, to be read; waited for by the monotonic one, which nobody sets. */
  #everywhere(): { readonly at: Date; readonly reached: () => Promise<void> } {
    const { clock, stalenessMs } = this.#deps
    const due = clock.monotonic() + BigInt(Math.ceil(stalenessMs * NANOSECONDS_PER_MS))
    const reached = async (): Promise<void> => {
      for (;;) {
        const left = Number(due - clock.monotonic()) / NANOSECONDS_PER_MS
        if (left <= 0) return
        await new Promise((resolve) => setTimeout(resolve, Math.ceil(left)))
      }
    }
    return { at: new Date(clock.now() + stalenessMs), reached }
  }

  #hasExpired({ expiresAt }: RevokeMutation): boolean {
    return expiresAt + this.#deps.clockToleranceSeconds <= this.#deps.clock.now() / 1000
  }
}

function readRevokeOptions(options: RevokeOptions, more: readonly string[]): void {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['expiresAt', 'reason', 'actor', 'ack', ...more], 'option')
  readText(given.reason, 'reason')
  readText(given.actor, 'actor')
  oneOfOption(given.ack, 'ack', ['durable', 'fleet'], 'durable')
}

function readRevokeManyOptions(options: RevokeManyOptions): void {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['ack', 'onInvalid', 'onProgress'], 'option')
  oneOfOption(given.ack, 'ack', ['durable', 'fleet'], 'durable')
  for (const name of ['onInvalid', 'onProgress']) {
    if (given[name] === undefined || typeof given[name] === 'function') continue
    throw new RevocadeError('ERR_CONFIG', `option '${name}' must be a function`)
  }
}

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}
