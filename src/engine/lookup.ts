import type { CheckOptions, Revocade, UnknownPolicy } from '../api.js'
import { checkBegins, checkEnds } from '../diagnostics.js'
import type { DecidingRow, Digest } from '../ports/index.js'
import { claimsWithin, isWrapped, unreadable } from '../token/claim-values.js'
import { type Candidate, type Deciding, isRevokedBy, type Matched } from './candidate.js'
import { readCheckOptions } from './check-options.js'
import type { Found } from './exact-lookup.js'
import type { LookupDeps } from './lookup-deps.js'
import {
  decide,
  failed,
  isRevokedVerdict,
  notRevokedYet,
  type Resolution,
  revokedBy,
  revokedByRedis,
} from './resolution.js'
import { TokenDigests } from './token-digests.js'
import { ACTIVE_BY_PREFILTER, type DecidedBy, type Verdict, type VerdictStatus } from './verdict.js'

/** The digests of a token that may be revoked; `undecided`: there is no lease, or the token is unusable. */
type Probed = 'absent' | 'undecided' | TokenDigests

const REVOKED = Promise.resolve(true)
const NOT_REVOKED = Promise.resolve(false)
const ACTIVE = Promise.resolve(ACTIVE_BY_PREFILTER)

const statusOf = (isRevoked: boolean): VerdictStatus => (isRevoked ? 'revoked' : 'active')

/**
 * The read path, top to bottom: digest, prefilter, and the exact lookup of what the prefilter can't rule out.
 */
export class Lookup {
  readonly decided: Record<DecidedBy, number> = { prefilter: 0, cache: 0, redis: 0, store: 0, policy: 0 }
  /** Digests that the prefilter could not rule out and that are not revoked. */
  falsePositives = 0
  /** Whose checks these are, for who listens. */
  engine: Revocade | undefined
  readonly #deps: LookupDeps
  /** Of the token that is checked. */
  #digests: TokenDigests

  constructor(deps: LookupDeps) {
    this.#deps = deps
    this.#digests = new TokenDigests(deps.digester, deps.timeClaims)
  }

  /**
   * What the prefilter, the verdict cache or a store that answers at once can decide is one of two shared
   * promises, made without an `await`.
   */
  isRevoked(token: unknown, options?: CheckOptions): Promise<boolean> {
    const probed = options === undefined ? this.#probe(token) : 'undecided'
    if (probed === 'absent') return NOT_REVOKED
    if (probed === 'undecided') return this.#isRevoked(token, options)
    const revoked = this.#answerAtOnce(probed)
    if (revoked === undefined) return this.#isRevoked(token, options, probed)
    return revoked ? REVOKED : NOT_REVOKED
  }

  check(token: unknown, options?: CheckOptions): Promise<Verdict> {
    const probed = options === undefined ? this.#probe(token) : 'undecided'
    if (probed === 'absent') return ACTIVE
    return this.#check(token, options, probed === 'undecided' ? undefined : probed)
  }

  isClearlyActive(token: unknown): boolean {
    return this.#probe(token) === 'absent'
  }

  /**
   * The hot path. It does no I/O and, for claims whose id is a plain string, allocates nothing. The clock is
   * read between digest and probe: a clock read waits for all pending memory reads, which would include the
   * probe's.
   */
  #probe(token: unknown): Probed {
    const { digester, live, lease, sync } = this.#deps
    try {
      if (!digester.tokenIfIdentifiable(token)) return 'undecided'
      // Catching up calls the store and the logger, which may check another token: digest again.
      if (!lease.isLive() && !(sync.catchUp() && digester.tokenIfIdentifiable(token))) return 'undecided'
      const isOnlyOne = live.liveSelectors.length === 0
      if (!isOnlyOne || live.prefilter.has(digester.words)) {
        this.#digests.fill(true, live.liveSelectors)
        if (isOnlyOne || this.#digests.anyIn(live.prefilter)) return this.#digests
      }
    } catch {
      return 'undecided' // the token can't be used: isRevoked reports what is wrong with it
    }
    this.decided.prefilter++
    return 'absent'
  }

  /**
   * Whether the prefilter holds every change committed up to Δ before this check. One clock read within it
   * decides: a stall before does no harm. Without a lease, or a clock, the store is asked.
   */
  isFresh(): boolean {
    try {
      return this.#deps.lease.isLive() || this.#deps.sync.catchUp()
    } catch {
      return false
    }
  }

  /**
   * Whether a token that was probed just before is revoked; undefined where that can't be told at once.
   * Nothing here waits, so no change lands between the probe, which judged the lease and applied what was
   * new, and the answer.
   */
  #answerAtOnce(digests: TokenDigests): boolean | undefined {
    const { exactLookup, live } = this.#deps
    const begun = checkBegins()
    let by: 'cache' | 'store' = 'cache'
    let falsePositives = 0
    let isRevoked = false
    try {
      for (let i = 0; i < digests.length && !isRevoked; i++) {
        const digest = digests.at(i)
        if (!live.prefilter.has(digest)) continue
        const cached = exactLookup.cached(digest)
        const row = cached === undefined ? this.#askAtOnce(digests, digest) : cached
        if (row === undefined) return undefined
        isRevoked = this.#revokes(row, digests.matched(i))
        if (row?.revoked !== true) falsePositives++
        if (isRevoked || cached === undefined) by = cached === undefined ? 'store' : 'cache'
      }
    } catch {
      return undefined // the clock or the store failed: the option onUnknown decides
    }
    this.decided[by]++
    this.falsePositives += falsePositives
    checkEnds(this.engine, begun, statusOf(isRevoked), by)
    return isRevoked
  }

  /** A store may call the logger, which may check another token. */
  #askAtOnce(digests: TokenDigests, digest: Digest): DecidingRow | null | undefined {
    this.#keep(digests)
    return this.#deps.exactLookup.decidingRow(digest)
  }

  /** From now on these digests are not used for another token. */
  #keep(digests: TokenDigests): void {
    const { digester, timeClaims } = this.#deps
    if (this.#digests === digests) this.#digests = new TokenDigests(digester, timeClaims)
  }

  #revokes(row: Deciding | null, matched: Matched, now = this.#deps.clock.now()): boolean {
    return row !== null && isRevokedBy(row, matched, now, this.#deps.clockToleranceSeconds)
  }

  async #isRevoked(token: unknown, options?: CheckOptions, probed?: TokenDigests): Promise<boolean> {
    return isRevokedVerdict(await this.#check(token, options, probed))
  }

  /** A token that was probed just before is not read again. */
  async #check(token: unknown, given?: CheckOptions, probed?: TokenDigests): Promise<Verdict> {
    const { live, sync, onUnknown } = this.#deps
    const begun = checkBegins()
    const options = readCheckOptions(given)
    let fresh = probed !== undefined || this.isFresh()
    let failure: unknown
    const refreshed = fresh ? undefined : sync.refresh()
    if (refreshed !== undefined) {
      failure = await refreshed
      fresh = failure === undefined
    }
    let digests = probed
    try {
      digests ??= this.#read(token, options.selectorsOnly === true, fresh)
    } catch (error) {
      throw unreadable(error) // a getter of the claims throws
    }
    const candidates = digests.candidates(fresh ? live.prefilter : undefined)
    if (candidates.length === 0 && fresh) {
      this.decided.prefilter++
      return ACTIVE_BY_PREFILTER
    }
    this.#keep(digests)
    const verdict = await this.#resolve(candidates, fresh, options.onUnknown ?? onUnknown, failure)
    checkEnds(this.engine, begun, verdict.status, verdict.decidedBy)
    return verdict
  }

  /** The digests of a token; without a current prefilter also those of selectors that may not be live. */
  #read(token: unknown, selectorsOnly: boolean, fresh: boolean): TokenDigests {
    const { digester, live } = this.#deps
    const isIdentified = digester.tokenIfIdentifiable(token)
    if (!isIdentified) {
      if (!selectorsOnly) throw digester.unidentified('token')
      // "Active" would say nothing here. It is a mistake, such as a verifier's result handed in whole.
      if (isWrapped(token) || !this.#hasSelectors(token)) throw digester.unidentified('selectors')
    }
    this.#digests.fill(
      isIdentified,
      fresh ? live.liveSelectors : [...live.configuredSelectors, digester.everyone],
    )
    return this.#digests
  }

  /**
   * Whether the last token has the claims of a selector. That of everybody counts while it is known, but not
   * for an object that holds the claims: "active" would be said of another object than was meant.
   */
  #hasSelectors(token: unknown): boolean {
    const { digester, live } = this.#deps
    const isObject = typeof token === 'object' && token !== null
    if (live.liveSelectors.includes(digester.everyone) && !(isObject && claimsWithin(token))) return true
    return live.configuredSelectors.some((shape) => digester.hasClaims(shape))
  }

  /** Looks up one candidate after another until one is revoked. */
  async #resolve(
    candidates: readonly Candidate[],
    fresh: boolean,
    onUnknown: UnknownPolicy,
    failure?: unknown,
  ): Promise<Verdict> {
    const resolutions: Resolution[] = []
    for (const candidate of candidates) {
      let resolution: Resolution
      try {
        const found = this.#deps.exactLookup.find(candidate.digest, fresh, failure)
        resolution = this.#judge(found instanceof Promise ? await found : found, candidate, fresh)
      } catch (error) {
        resolution = failed(error)
      }
      resolutions.push(resolution)
      if (resolution.status === 'revoked') break
    }
    const verdict = decide(resolutions, onUnknown)
    this.decided[verdict.decidedBy]++
    return verdict
  }

  #judge(found: Found, candidate: Candidate, fresh: boolean): Resolution {
    if ('entry' in found) {
      const isRevoked = this.#revokes({ revoked: true, ...found.entry }, candidate)
      return isRevoked ? revokedByRedis() : failed(found.failure)
    }
    const { row, by } = found
    if (row !== null && this.#revokes(row, candidate)) return revokedBy(row, by)
    if (fresh && row?.revoked !== true) this.falsePositives++
    if (row?.notBefore === undefined) return { status: 'not-revoked', by }
    return notRevokedYet(by, row, this.#deps.clock.now(), (start) => this.#revokes(row, candidate, start))
  }
}
