import type { CheckOptions, UnknownPolicy } from '../api.js'
import type { Digest } from '../ports/index.js'
import type { ClaimPath } from '../token/claim-path.js'
import { isWrapped } from '../token/claim-values.js'
import type { Claims, PreparedShape, TokenDigester } from '../token/identify.js'
import { type Candidate, type Deciding, isRevokedBy, type Matched } from './candidate.js'
import { readCheckOptions } from './check-options.js'
import type { ExactLookup, Found } from './exact-lookup.js'
import type { Lease } from './lease.js'
import type { LivePrefilter } from './live-prefilter.js'
import { decide, failed, isRevokedVerdict, type Resolution } from './resolution.js'
import type { Sync } from './sync.js'
import { ACTIVE_BY_PREFILTER, type DecidedBy, toRevocation, type Verdict } from './verdict.js'

/** What {@link Lookup} needs. */
export interface LookupDeps {
  readonly digester: TokenDigester
  readonly live: LivePrefilter
  readonly exactLookup: ExactLookup
  readonly lease: Lease
  readonly sync: Sync
  readonly clock: { now(): number }
  readonly onUnknown: UnknownPolicy
  /** Where the cutoff of a selector is not compared with `iat`: the claim that it is compared with. */
  readonly timeClaims: ReadonlyMap<PreparedShape, ClaimPath>
  readonly clockToleranceSeconds: number
}

/** Of an opaque token: only the selector of everybody matches. */
const NO_CLAIMS: Claims = Object.freeze({})
/** The identity of a token: no claim of it is compared with the row. */
const ANY_CLAIMS: Matched = Object.freeze({})

/** What the prefilter says of a token; `undecided` where the lease has run out or the token is unusable. */
type Probed = 'absent' | 'present' | 'undecided'

const REVOKED = Promise.resolve(true)
const NOT_REVOKED = Promise.resolve(false)
const ACTIVE = Promise.resolve(ACTIVE_BY_PREFILTER)

/**
 * The read path, top to bottom: digest, prefilter, and the exact lookup of what the prefilter can't rule out.
 */
export class Lookup {
  readonly decided: Record<DecidedBy, number> = { prefilter: 0, cache: 0, redis: 0, store: 0, policy: 0 }
  /** Digests that the prefilter could not rule out and that are not revoked. */
  falsePositives = 0
  readonly #deps: LookupDeps
  /** Reused for the digests of each token; as long as the longest list so far. */
  readonly #digests: Digest[] = []

  constructor(deps: LookupDeps) {
    this.#deps = deps
  }

  /** Answers from prefilter and verdict cache are shared promises, made without an `await`. */
  isRevoked(token: unknown, options?: CheckOptions): Promise<boolean> {
    const probed = options === undefined ? this.#probe(token) : 'undecided'
    if (probed === 'absent') return NOT_REVOKED
    if (probed === 'present') {
      const cached = this.#cachedAnswer()
      if (cached !== undefined) return cached ? REVOKED : NOT_REVOKED
    }
    return this.#isRevoked(token, options, probed)
  }

  check(token: unknown, options?: CheckOptions): Promise<Verdict> {
    const probed = options === undefined ? this.#probe(token) : 'undecided'
    return probed === 'absent' ? ACTIVE : this.#check(token, options, probed)
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
      const hasOneDigest = live.liveSelectors.length === 0
      if (hasOneDigest ? live.prefilter.has(digester.words) : this.#holdsAny()) return 'present'
    } catch {
      // The token can't be used: isRevoked reports what is wrong with it.
      return 'undecided'
    }
    this.decided.prefilter++
    return 'absent'
  }

  /**
   * Whether the prefilter holds every change committed up to Δ before this check. One clock read within it
   * decides: a stall before does no harm. When the lease has run out, or the clock fails, the store is asked.
   */
  #isFresh(): boolean {
    try {
      return this.#deps.lease.isLive() || this.#deps.sync.catchUp()
    } catch {
      return false
    }
  }

  /**
   * Whether the prefilter may hold the digest just made or that of a selector of the token. All digests are
   * made before the first probe: the probes then wait for memory together.
   */
  #holdsAny(): boolean {
    const { digester, live } = this.#deps
    const { claims = NO_CLAIMS } = digester
    const digests = this.#digests
    copyTo(digests, 0, digester.words)
    let count = 1
    for (const shape of live.liveSelectors) {
      for (let at = digester.selector(shape, claims); at > 0; at = digester.selector(shape, claims, at))
        copyTo(digests, count++, digester.words)
    }
    for (let i = 0; i < count; i++) {
      const digest = digests.at(i)
      if (digest === undefined || live.prefilter.has(digest)) return true
    }
    return false
  }

  /** The digest of the identity of a token that was probed just before, and found present. */
  #probedIdentity(): Digest {
    const { digester, live } = this.#deps
    return (live.liveSelectors.length === 0 ? undefined : this.#digests[0]) ?? digester.words
  }

  /**
   * The answer to a token that was probed just before and found present, if the verdict cache decides it:
   * undefined where another layer is needed, or a selector may still revoke it. Nothing here waits, so no
   * change lands between the probe, which judged the lease and applied what was new, and the answer.
   */
  #cachedAnswer(): boolean | undefined {
    const row = this.#deps.exactLookup.cached(this.#probedIdentity())
    if (row === undefined) return undefined
    const revoked = row !== null && this.#revokes(row, ANY_CLAIMS)
    if (!revoked && this.#deps.live.liveSelectors.length > 0) return undefined
    this.decided.cache++
    if (row?.revoked !== true) this.falsePositives++
    return revoked
  }

  #revokes(row: Deciding, matched: Matched): boolean {
    const { clock, clockToleranceSeconds } = this.#deps
    return isRevokedBy(row, matched, clock.now(), clockToleranceSeconds)
  }

  async #isRevoked(token: unknown, options: CheckOptions | undefined, probed: Probed): Promise<boolean> {
    return isRevokedVerdict(await this.#check(token, options, probed))
  }

  async #check(token: unknown, given: CheckOptions | undefined, probed: Probed): Promise<Verdict> {
    const options = readCheckOptions(given)
    let fresh = probed === 'present' || this.#isFresh()
    let failure: unknown
    const refreshed = fresh ? undefined : this.#deps.sync.refresh()
    if (refreshed !== undefined) {
      failure = await refreshed
      fresh = failure === undefined
    }
    const candidates = this.#candidates(token, options.selectorsOnly === true, fresh, probed)
    if (candidates.length === 0 && fresh) {
      this.decided.prefilter++
      return ACTIVE_BY_PREFILTER
    }
    return this.#resolve(candidates, fresh, options.onUnknown ?? this.#deps.onUnknown, failure)
  }

  /**
   * Copies of the digests that the prefilter can't rule out, or of all digests of the token where the
   * prefilter is not known to be current. A token that was probed just before is not decoded again.
   */
  #candidates(token: unknown, selectorsOnly: boolean, fresh: boolean, probed: Probed): Candidate[] {
    const { digester, live, timeClaims } = this.#deps
    const candidates: Candidate[] = []
    const consider = (digest: Digest, matched?: Matched): void => {
      if (!fresh || live.prefilter.has(digest)) candidates.push({ digest: digest.slice(), ...matched })
    }
    if (probed === 'present') consider(this.#probedIdentity())
    else if (digester.tokenIfIdentifiable(token)) consider(digester.words)
    else if (!selectorsOnly) throw digester.unidentified('token')
    // "Active" would say nothing here. It is a mistake, such as a verifier's result handed in whole.
    else if (isWrapped(token) || !this.#hasSelectors()) throw digester.unidentified('selectors')
    const { claims = NO_CLAIMS } = digester
    for (const shape of fresh ? live.liveSelectors : [...live.configuredSelectors, digester.everyone]) {
      for (let at = digester.selector(shape, claims); at > 0; at = digester.selector(shape, claims, at))
        consider(digester.words, { claims, issuedAt: timeClaims.get(shape) })
    }
    return candidates
  }

  /** Whether the last token has the claims of a selector. That of everybody counts while it is live. */
  #hasSelectors(): boolean {
    const { digester, live } = this.#deps
    if (live.liveSelectors.includes(digester.everyone)) return true
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
      if (!this.#revokes({ revoked: true, ...found.entry }, candidate)) return failed(found.failure)
      const reason = "the store can't be asked, and Redis holds the revocation"
      return { status: 'revoked', verdict: { status: 'revoked', decidedBy: 'redis', reason } }
    }
    const { row, by } = found
    if (row !== null && this.#revokes(row, candidate)) {
      const reason = row.reason === undefined ? {} : { reason: row.reason }
      const revocation = toRevocation(row)
      return { status: 'revoked', verdict: { status: 'revoked', decidedBy: by, revocation, ...reason } }
    }
    if (fresh && row?.revoked !== true) this.falsePositives++
    return { status: 'not-revoked', by }
  }
}

/** Copies word by word: the compiler inlines that, while `set` is a call. */
function copyTo(digests: Digest[], at: number, words: Digest): void {
  let digest = digests.at(at)
  if (digest === undefined) {
    digest = new Int32Array(4)
    digests.push(digest)
  }
  digest[0] = words[0] ?? 0
  digest[1] = words[1] ?? 0
  digest[2] = words[2] ?? 0
  digest[3] = words[3] ?? 0
}
