import type {
  BulkReceipt, Receipt, RevocationInput, RevokeManyOptions, RevokeOptions, RevokeWhereOptions, Time,
} from './api.js'
import { RevocadeError } from './errors.js'
import type { L0 } from './l0.js'
import { oneOf, onlyKnown, record } from './options.js'
import type { Committed, Mutation, RevocationStore, Target, Written } from './ports.js'
import type { Sync } from './sync.js'
import { digestBytes, digestOfBytes, type TokenDigester } from './token/identify.js'
import { numericDate, toMilliseconds, toSeconds } from './token/numeric-date.js'

/** Entries of revokeMany that share a commit, and commits that may be under way while the next entries are read. */
const BATCH = 4096
const BATCHES_AHEAD = 2
const MAX_TEXT = 1024

export interface RevokeDeps {
  readonly digester: TokenDigester
  readonly l0: L0
  readonly sync: Sync
  readonly store: RevocationStore
  readonly clock: { now(): number }
  readonly idClaims: readonly string[]
  /** JSON of the sorted names of each selector that checks honour. */
  readonly selectors: ReadonlySet<string>
  readonly clockToleranceSeconds: number
  readonly maxTokenLifetimeSeconds: number | undefined
  /** How long another engine may go on answering "active": Δ, or 0 where there is none. */
  readonly stalenessMs: number
}

type RevokeMutation = Extract<Mutation, { op: 'revoke' }>

/** What an option object or an entry of revokeMany may say; each is checked where it is used. */
interface Given {
  readonly expiresAt?: unknown
  readonly issuedBefore?: unknown
  readonly sameSecond?: unknown
  readonly reason?: unknown
  readonly actor?: unknown
}

/** The write path, top to bottom: target, expiry, L0, durable commit, receipt. */
export class Revoke {
  readonly #deps: RevokeDeps

  constructor(deps: RevokeDeps) {
    this.#deps = deps
  }

  async revoke(token: unknown, options: RevokeOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, [])
    return this.#revoke(this.#tokenMutation(token, options), options.ack)
  }

  async revokeWhere(selector: unknown, options: RevokeWhereOptions = {}): Promise<Receipt> {
    readRevokeOptions(options, ['issuedBefore', 'sameSecond'])
    return this.#revoke(this.#selectorMutation(selector, options), options.ack)
  }

  async unrevoke(token: unknown): Promise<Receipt> {
    return this.#unrevoke(this.#deps.digester.targetOf(token))
  }

  async unrevokeWhere(selector: unknown): Promise<Receipt> {
    return this.#unrevoke(this.#honoured(this.#deps.digester.selectorTarget(selector)))
  }

  async revokeMany(
    entries: Iterable<RevocationInput> | AsyncIterable<RevocationInput>,
    options: RevokeManyOptions = {},
  ): Promise<BulkReceipt> {
    readRevokeManyOptions(options)
    const total = { seq: 0, count: 0, expired: 0, invalid: 0 }
    const underWay: Promise<void>[] = []
    let batch: RevokeMutation[] = []
    const send = async (): Promise<void> => {
      const mutations = batch
      batch = []
      underWay.push(
        this.#commit(mutations).then(({ written }) => {
          total.count += mutations.length
          total.seq = written.at(-1)?.seq ?? total.seq
          options.onProgress?.(total.count)
        }),
      )
      // A failure shows when its turn comes; until then it is no unhandled rejection.
      underWay.at(-1)?.catch(() => undefined)
      if (underWay.length > BATCHES_AHEAD) await underWay.shift()
    }
    let index = 0
    try {
      for await (const entry of entries) {
        try {
          const mutation = this.#inputMutation(entry)
          if (this.#hasExpired(mutation)) total.expired++
          else batch.push(mutation)
        } catch (error) {
          if (!(error instanceof RevocadeError)) throw error
          if (options.onInvalid === undefined) throw new RevocadeError(error.code, `entry ${index}: ${error.message}`, { cause: error })
          total.invalid++
          options.onInvalid(error, entry, index)
        }
        index++
        if (batch.length === BATCH) await send()
      }
    } finally {
      // Also where an entry or the iterable fails: what came before stays revoked.
      if (batch.length > 0) await send()
      await Promise.all(underWay)
    }
    const effectiveEverywhereAt = this.#effectiveEverywhereAt()
    if (options.ack === 'fleet') await this.#until(effectiveEverywhereAt)
    return { ...total, durable: true, redis: 'off', effectiveEverywhereAt }
  }

  async #revoke(mutation: RevokeMutation, ack: RevokeOptions['ack']): Promise<Receipt> {
    if (this.#hasExpired(mutation)) return this.#receipt('expired', mutation.target, { seq: 0, expiresAt: mutation.expiresAt }, ack)
    const { written } = await this.#commit([mutation])
    return this.#receipt('revoked', mutation.target, written[0], ack)
  }

  async #unrevoke(target: Target): Promise<Receipt> {
    const { digester, store, sync, clock } = this.#deps
    const digest = digester.target(target).slice()
    const { epoch, written } = await store.write([{ op: 'unrevoke', digest: digestBytes(digest), revokedAt: clock.now() }])
    const [done] = written
    if (done.seq === 0) return this.#receipt('unchanged', target, done, undefined)
    sync.committed(digest, done.seq, epoch, false, done.expiresAt)
    return this.#receipt('unrevoked', target, done, undefined)
  }

  /** L0 first: from here on a check takes the closer look, whatever becomes of the write. Then the commit, then once more, as the store has it. */
  async #commit(mutations: readonly RevokeMutation[]): Promise<Committed> {
    const { l0, store, sync } = this.#deps
    for (const { digest, target, expiresAt } of mutations) l0.add(digestOfBytes(digest), expiresAt, selectorOf(target))
    const committed = await store.write(mutations)
    mutations.forEach(({ digest, target }, i) => {
      const { seq, expiresAt } = committed.written[i]
      sync.committed(digestOfBytes(digest), seq, committed.epoch, true, expiresAt, selectorOf(target))
    })
    return committed
  }

  async #receipt(outcome: Receipt['outcome'], target: Target, { seq, expiresAt }: Written, ack: RevokeOptions['ack']): Promise<Receipt> {
    const effectiveEverywhereAt = this.#effectiveEverywhereAt()
    if (ack === 'fleet' && seq > 0) await this.#until(effectiveEverywhereAt)
    return { seq, outcome, target, expiresAt: new Date(expiresAt * 1000), durable: true, redis: 'off', effectiveEverywhereAt }
  }

  #effectiveEverywhereAt(): Date {
    return new Date(this.#deps.clock.now() + this.#deps.stalenessMs)
  }

  async #until(time: Date): Promise<void> {
    for (;;) {
      const left = time.getTime() - this.#deps.clock.now()
      if (left <= 0) return
      await new Promise((resolve) => setTimeout(resolve, left))
    }
  }

  #inputMutation(entry: unknown): RevokeMutation {
    const given = record(entry, 'an entry')
    const { reason, actor, revokedAt } = given
    readText(reason, 'reason')
    readText(actor, 'actor')
    const mutation = this.#addressed(given)
    return revokedAt === undefined ? mutation : { ...mutation, revokedAt: toMilliseconds(timeOf(revokedAt), 'revokedAt') }
  }

  /** The target of an entry of revokeMany: exactly one of a token, a selector, a hash, an id. */
  #addressed(given: Record<string, unknown>): RevokeMutation {
    const common = ['expiresAt', 'reason', 'actor', 'revokedAt']
    if ('token' in given) {
      onlyKnown(given, ['token', ...common], 'key')
      return this.#tokenMutation(given.token, given)
    }
    if ('where' in given) {
      onlyKnown(given, ['where', 'issuedBefore', 'sameSecond', ...common], 'key')
      return this.#selectorMutation(given.where, given)
    }
    const claim = 'sha256' in given ? undefined : this.#deps.idClaims.find((name) => name in given)
    onlyKnown(given, claim === undefined ? ['sha256', ...common] : [claim, 'iss', ...common], 'key')
    const target = this.#deps.digester.explicitTarget(claim, claim === undefined ? given.sha256 : given[claim], given.iss)
    if (given.expiresAt === undefined) throw noExpiry('the entry has no expiresAt')
    return this.#mutation(target, toSeconds(timeOf(given.expiresAt), 'expiresAt'), given)
  }

  #tokenMutation(token: unknown, options: Given): RevokeMutation {
    const { digester } = this.#deps
    const target = digester.targetOf(token)
    const exp = digester.claims === undefined ? undefined : numericDate(digester.claims, 'exp')
    const expiresAt = options.expiresAt === undefined ? exp : toSeconds(timeOf(options.expiresAt), 'expiresAt')
    if (expiresAt === undefined) throw noExpiry("the token has no 'exp'")
    return this.#mutation(target, expiresAt, options)
  }

  #selectorMutation(selector: unknown, options: Given): RevokeMutation {
    const { digester, clock, maxTokenLifetimeSeconds } = this.#deps
    const target = this.#honoured(digester.selectorTarget(selector))
    const issuedBefore = options.issuedBefore === undefined ? clock.now() : toMilliseconds(timeOf(options.issuedBefore), 'issuedBefore')
    const keep = oneOf(options.sameSecond, 'sameSecond', ['revoke', 'keep'], 'revoke') === 'keep'
    const second = Math.floor(issuedBefore / 1000)
    const given = options.expiresAt === undefined ? undefined : toSeconds(timeOf(options.expiresAt), 'expiresAt')
    if (given === undefined && maxTokenLifetimeSeconds === undefined) {
      throw noExpiry("a selector has no 'exp' of its own; set maxTokenLifetimeSeconds, or")
    }
    // The last token that it must catch is issued at issuedBefore and lives the longest that a token may.
    const expiresAt = Math.max(given ?? 0, maxTokenLifetimeSeconds === undefined ? 0 : Math.ceil(issuedBefore / 1000 + maxTokenLifetimeSeconds))
    return { ...this.#mutation(target, expiresAt, options), issuedBefore, issuedThrough: keep ? second - 1 : second }
  }

  #mutation(target: Target, expiresAt: number, { reason, actor }: Given): RevokeMutation {
    return {
      op: 'revoke',
      digest: digestBytes(this.#deps.digester.target(target)),
      target,
      // Up, never down: a fraction of a second too long is safe, too short is not.
      expiresAt: Math.ceil(expiresAt),
      revokedAt: this.#deps.clock.now(),
      ...(typeof reason === 'string' ? { reason } : {}),
      ...(typeof actor === 'string' ? { actor } : {}),
    }
  }

  /** Refuses a selector that no check would look for: the revocation would be in vain. */
  #honoured(target: Target): Target {
    const names = selectorOf(target)
    if (names !== undefined && !this.#deps.selectors.has(JSON.stringify(names))) {
      throw new RevocadeError('ERR_CONFIG', `no check looks for the selector ${JSON.stringify(names)}: add it to the option 'claims'`)
    }
    return target
  }

  #hasExpired({ expiresAt }: RevokeMutation): boolean {
    return expiresAt + this.#deps.clockToleranceSeconds <= this.#deps.clock.now() / 1000
  }
}

function selectorOf(target: Target): readonly string[] | undefined {
  return target.kind === 'selector' ? Object.keys(target.where).toSorted() : undefined
}

function noExpiry(why: string): RevocadeError {
  return new RevocadeError('ERR_NO_EXPIRY', `${why}: give expiresAt, so that the revocation is not kept for ever by accident`)
}

function timeOf(value: unknown): Time {
  if (typeof value === 'number' || value instanceof Date) return value
  throw new RevocadeError('ERR_INVALID_TIME', 'a time must be a Date or NumericDate seconds')
}

function readRevokeOptions(options: RevokeOptions, more: readonly string[]): void {
  const given = record(options, 'options')
  onlyKnown(given, ['expiresAt', 'reason', 'actor', 'ack', ...more], 'option')
  readText(given.reason, 'reason')
  readText(given.actor, 'actor')
  oneOf(given.ack, 'ack', ['durable', 'fleet'], 'durable')
}

function readRevokeManyOptions(options: RevokeManyOptions): void {
  const given = record(options, 'options')
  onlyKnown(given, ['ack', 'onInvalid', 'onProgress'], 'option')
  oneOf(given.ack, 'ack', ['durable', 'fleet'], 'durable')
}

function readText(value: unknown, name: string): void {
  if (value === undefined) return
  if (typeof value !== 'string' || value.length > MAX_TEXT || !value.isWellFormed()) {
    throw new RevocadeError('ERR_CONFIG', `option '${name}' must be a well-formed string of at most ${MAX_TEXT} characters`)
  }
}
