import type { CheckOptions, UnknownPolicy } from '../api.js'
import { RevocadeError } from '../errors.js'
import type { Digest, StoredRow } from '../ports/index.js'
import { isWrapped } from '../token/claim-values.js'
import type { Claims, TokenDigester } from '../token/identify.js'
import { numericDate } from '../token/numeric-date.js'
import { asRecord, oneOfOption, rejectUnknownKeys } from '../validate.js'
import type { ExactLookup } from './exact-lookup.js'
import type { Lease } from './lease.js'
import type { LivePrefilter } from './live-prefilter.js'
import type { Sync } from './sync.js'
import {
  ACTIVE_BY_CACHE,
  ACTIVE_BY_PREFILTER,
  ACTIVE_BY_REDIS,
  ACTIVE_BY_STORE,
  type DecidedBy,
  toRevocation,
  type Verdict,
} from './verdict.js'

export interface LookupDeps {
  readonly digester: TokenDigester
  readonly live: LivePrefilter
  readonly exactLookup: ExactLookup
  readonly lease: Lease
  readonly sync: Sync
  readonly clock: { now(): number }
  readonly onUnknown: UnknownPolicy
  readonly clockToleranceSeconds: number
}

/** What L0 could not rule out: a target that may be revoked. */
interface Candidate {
  readonly digest: Digest
  /** For a selector: the claims that it matched, whose `iat` decides. */
  readonly claims: Claims | undefined
}

/** Who has the last word on a token that none of its candidates revokes: the layer that was farthest. */
const ACTIVE_BY = [ACTIVE_BY_CACHE, ACTIVE_BY_REDIS, ACTIVE_BY_STORE] as const
const RANK = { cache: 0, redis: 1, store: 2 } as const

const NOT_REVOKED = Promise.resolve(false)
const ACTIVE = Promise.resolve(ACTIVE_BY_PREFILTER)

/** The read path, top to bottom: digest, L0, and the closer look at what L0 can't rule out. */
export class Lookup {
  readonly decided: Record<DecidedBy, number> = { prefilter: 0, cache: 0, redis: 0, store: 0, policy: 0 }
  /** Digests that L0 could not rule out and that turned out not to be revoked. */
  falsePositives = 0
  readonly #deps: LookupDeps
  /** The digests of one token; as many as any token had so far. */
  readonly #digests: Digest[] = []

  constructor(deps: LookupDeps) {
    this.#deps = deps
  }

  isRevoked(token: unknown, options?: CheckOptions): Promise<boolean> {
    if (options === undefined && this.isClearlyActive(token)) return NOT_REVOKED
    return this.#isRevoked(token, options)
  }

  check(token: unknown, options?: CheckOptions): Promise<Verdict> {
    if (options === undefined && this.isClearlyActive(token)) return ACTIVE
    return this.#check(token, options)
  }

  /**
   * The hot path. No I/O, no allocation for claims whose id is a plain string. The clock is read between digest and
   * probe: a clock read waits for all memory that was asked for, so after the probe it would wait for that as well.
   */
  isClearlyActive(token: unknown): boolean {
    const { digester, live, lease, sync } = this.#deps
    try {
      if (!digester.tokenIfIdentifiable(token)) return false
      // Catching up runs the code of others (store, logger), which may ask us about another token: digest again.
      if (!lease.isLive() && !(sync.catchUp() && digester.tokenIfIdentifiable(token))) return false
      const { claims } = digester
      if (
        live.liveSelectors.length === 0 || claims === undefined
          ? live.prefilter.has(digester.words)
          : this.#holdsAny(claims)
      )
        return false
    } catch {
      // Unusable: isRevoked says what is wrong with it.
      return false
    }
    this.decided.prefilter++
    return true
  }

  /**
   * Whether L0 has seen every change committed up to Δ before this check: by one clock read, made within the check, so
   * that no stall before it counts. Where the lease has run out, a local store is asked at once whether anything changed.
   */
  #isFresh(): boolean {
    return this.#deps.lease.isLive() || this.#deps.sync.catchUp()
  }

  /**
   * Whether L0 holds perhaps the digest just made or that of a selector of the claims. All digests first, then all
   * probes: each waits for memory about as long as a digest takes, and so they wait together.
   */
  #holdsAny(claims: Claims): boolean {
    const { digester, live } = this.#deps
    const digests = this.#digests
    copyTo(digests, 0, digester.words)
    let count = 1
    for (const shape of live.liveSelectors) {
      for (let i = 0; digester.selector(shape, claims, i); i++) copyTo(digests, count++, digester.words)
    }
    for (let i = 0; i < count; i++) if (live.prefilter.has(digests[i])) return true
    return false
  }

  async #isRevoked(token: unknown, options: CheckOptions | undefined): Promise<boolean> {
    const verdict = await this.#check(token, options)
    if (verdict.status !== 'unknown') return verdict.status === 'revoked'
    throw new RevocadeError(
      'ERR_UNAVAILABLE',
      `can't tell whether the token is revoked (${verdict.reason ?? 'no reason given'}): refuse it for now and ask again`,
    )
  }

  async #check(token: unknown, given: CheckOptions | undefined): Promise<Verdict> {
    const options = readCheckOptions(given)
    const fresh = this.#isFresh()
    const candidates = this.#candidates(token, options.selectorsOnly === true, fresh)
    if (candidates.length === 0 && fresh) {
      this.decided.prefilter++
      return ACTIVE_BY_PREFILTER
    }
    return this.#judge(candidates, fresh, options.onUnknown ?? this.#deps.onUnknown)
  }

  /** The digests that L0 can't rule out; all that the token has where L0 is not known to be current. Copied: the next check overwrites them. */
  #candidates(token: unknown, selectorsOnly: boolean, fresh: boolean): Candidate[] {
    const { digester, live } = this.#deps
    const candidates: Candidate[] = []
    const consider = (claims: Claims | undefined): void => {
      if (!fresh || live.prefilter.has(digester.words))
        candidates.push({ digest: digester.words.slice(), claims })
    }
    const identified = digester.tokenIfIdentifiable(token)
    if (identified) consider(undefined)
    // Says what is missing. What holds no claims itself is no token without selectors, but a mistake.
    else if (!selectorsOnly || isWrapped(token)) digester.token(token)
    const { claims } = digester
    if (claims === undefined) return candidates
    for (const shape of fresh ? live.liveSelectors : live.configuredSelectors) {
      for (let i = 0; digester.selector(shape, claims, i); i++) consider(claims)
    }
    return candidates
  }

  /** Looks each candidate up. One that is revoked decides; one that can't be looked up leaves it unknown. */
  async #judge(candidates: readonly Candidate[], fresh: boolean, onUnknown: UnknownPolicy): Promise<Verdict> {
    let rank: number = candidates.length === 0 ? RANK.store : RANK.cache
    let failure: unknown
    for (const { digest, claims } of candidates) {
      try {
        const found = this.#deps.exactLookup.find(digest, fresh)
        const answer = found instanceof Promise ? await found : found
        if ('entry' in answer) {
          if (!this.#revokes({ revoked: true, ...answer.entry }, claims)) throw answer.failure
          this.decided.redis++
          return {
            status: 'revoked',
            decidedBy: 'redis',
            reason: "the store can't be asked, and Redis holds the revocation",
          }
        }
        const { row, by } = answer
        rank = Math.max(rank, RANK[by])
        if (row !== null && this.#revokes(row, claims)) {
          this.decided[by]++
          const reason = row.reason === undefined ? {} : { reason: row.reason }
          return { status: 'revoked', decidedBy: by, revocation: toRevocation(row), ...reason }
        }
        if (fresh && (row === null || !row.revoked)) this.falsePositives++
      } catch (error) {
        if (
          error instanceof RevocadeError &&
          (error.code === 'ERR_CLOSED' || error.code === 'ERR_INVALID_TOKEN')
        )
          throw error
        failure = error
      }
    }
    if (failure !== undefined) return this.#unknown(failure, onUnknown)
    const verdict = ACTIVE_BY[rank]
    this.decided[verdict.decidedBy]++
    return verdict
  }

  /** Whether a row revokes the token: in force, and for a selector issued early enough. */
  #revokes(
    row: Pick<StoredRow, 'revoked' | 'expiresAt' | 'issuedThrough'>,
    claims: Claims | undefined,
  ): boolean {
    const { clock, clockToleranceSeconds } = this.#deps
    if (!row.revoked || row.expiresAt + clockToleranceSeconds <= clock.now() / 1000) return false
    if (claims === undefined || row.issuedThrough === undefined) return true
    const issuedAt = numericDate(claims, 'iat')
    return issuedAt === undefined || Math.floor(issuedAt) <= row.issuedThrough
  }

  #unknown(failure: unknown, onUnknown: UnknownPolicy): Verdict {
    this.decided.policy++
    const reason = failure instanceof Error ? failure.message : String(failure)
    return { status: onUnknown === 'throw' ? 'unknown' : onUnknown, decidedBy: 'policy', reason }
  }
}

/** Word by word, which the compiler inlines; `set` is a call. */
function copyTo(digests: Digest[], at: number, words: Digest): void {
  if (at === digests.length) digests.push(new Int32Array(4))
  const digest = digests[at]
  digest[0] = words[0]
  digest[1] = words[1]
  digest[2] = words[2]
  digest[3] = words[3]
}

function readCheckOptions(options: CheckOptions | undefined): CheckOptions {
  if (options === undefined) return {}
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['onUnknown', 'selectorsOnly'], 'option')
  if (given.onUnknown !== undefined)
    oneOfOption(given.onUnknown, 'onUnknown', ['throw', 'revoked', 'active'], 'throw')
  return options
}
