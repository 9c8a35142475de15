import type { CheckOptions, UnknownPolicy } from '../api.js'
import { RevocadeError } from '../errors.js'
import type { Digest, StoredRow } from '../ports/index.js'
import type { ClaimPath } from '../token/claim-path.js'
import { isWrapped } from '../token/claim-values.js'
import type { Claims, PreparedShape, TokenDigester } from '../token/identify.js'
import { numericDateAt } from '../token/numeric-date.js'
import { readCheckOptions } from './check-options.js'
import type { ExactLookup, Found } from './exact-lookup.js'
import type { Lease } from './lease.js'
import type { LivePrefilter } from './live-prefilter.js'
import { decide, failed, notRevokedYet, type Resolution } from './resolution.js'
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

/** A target that the prefilter could not rule out: it may be revoked. */
interface Candidate {
  readonly digest: Digest
  /** For a selector: the claims that it matches, and which of them is compared with its cutoff. */
  readonly claims?: Claims
  readonly issuedAt?: ClaimPath | undefined
}

const IAT: ClaimPath = ['iat']
/** Of an opaque token: only the selector of everybody matches. */
const NO_CLAIMS: Claims = Object.freeze({})

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

  isRevoked(token: unknown, options?: CheckOptions): Promise<boolean> {
    if (options === undefined && this.isClearlyActive(token)) return NOT_REVOKED
    return this.#isRevoked(token, options)
  }

  check(token: unknown, options?: CheckOptions): Promise<Verdict> {
    if (options === undefined && this.isClearlyActive(token)) return ACTIVE
    return this.#check(token, options)
  }

  /**
   * The hot path. It does no I/O and, for claims whose id is a plain string, allocates nothing. The clock is
   * read between digest and probe: a clock read waits for all pending memory reads, which would include the
   * probe's.
   */
  isClearlyActive(token: unknown): boolean {
    const { digester, live, lease, sync } = this.#deps
    try {
      if (!digester.tokenIfIdentifiable(token)) return false
      // Catching up calls the store and the logger, which may check another token: digest again.
      if (!lease.isLive() && !(sync.catchUp() && digester.tokenIfIdentifiable(token))) return false
      const hasOneDigest = live.liveSelectors.length === 0
      if (hasOneDigest ? live.prefilter.has(digester.words) : this.#holdsAny()) return false
    } catch {
      // The token can't be used: isRevoked reports what is wrong with it.
      return false
    }
    this.decided.prefilter++
    return true
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

  async #isRevoked(token: unknown, options: CheckOptions | undefined): Promise<boolean> {
    const verdict = await this.#check(token, options)
    if (verdict.status !== 'unknown') return verdict.status === 'revoked'
    const reason = verdict.reason ?? 'no reason given'
    throw new RevocadeError(
      'ERR_UNAVAILABLE',
      `can't tell whether the token is revoked (${reason}): refuse it for now and ask again`,
    )
  }

  async #check(token: unknown, given: CheckOptions | undefined): Promise<Verdict> {
    const options = readCheckOptions(given)
    let fresh = this.#isFresh()
    let failure: unknown
    const refreshed = fresh ? undefined : this.#deps.sync.refresh()
    if (refreshed !== undefined) {
      failure = await refreshed
      fresh = failure === undefined
    }
    const candidates = this.#candidates(token, options.selectorsOnly === true, fresh)
    if (candidates.length === 0 && fresh) {
      this.decided.prefilter++
      return ACTIVE_BY_PREFILTER
    }
    return this.#resolve(candidates, fresh, options.onUnknown ?? this.#deps.onUnknown, failure)
  }

  /**
   * Copies of the digests that the prefilter can't rule out, or of all digests of the token where the
   * prefilter is not known to be current.
   */
  #candidates(token: unknown, selectorsOnly: boolean, fresh: boolean): Candidate[] {
    const { digester, live, timeClaims } = this.#deps
    const candidates: Candidate[] = []
    const consider = (selector?: Omit<Candidate, 'digest'>): void => {
      if (!fresh || live.prefilter.has(digester.words))
        candidates.push({ digest: digester.words.slice(), ...selector })
    }
    const identified = digester.tokenIfIdentifiable(token)
    if (identified) consider()
    else if (!selectorsOnly) throw digester.unidentified('token')
    // "Active" would say nothing here. It is a mistake, such as a verifier's result handed in whole.
    else if (isWrapped(token) || !this.#hasSelectors()) throw digester.unidentified('selectors')
    const { claims = NO_CLAIMS } = digester
    for (const shape of fresh ? live.liveSelectors : [...live.configuredSelectors, digester.everyone]) {
      for (let at = digester.selector(shape, claims); at > 0; at = digester.selector(shape, claims, at))
        consider({ claims, issuedAt: timeClaims.get(shape) })
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
    if (row?.notBefore === undefined) return { status: 'not-revoked', by }
    return notRevokedYet(by, row, this.#deps.clock.now(), (start) => this.#revokes(row, candidate, start))
  }

  /** Whether a row revokes the token at this moment: in force, and for a selector issued early enough. */
  #revokes(
    row: Pick<StoredRow, 'revoked' | 'notBefore' | 'expiresAt' | 'issuedThrough'>,
    { claims, issuedAt = IAT }: Candidate,
    now = this.#deps.clock.now(),
  ): boolean {
    const { clockToleranceSeconds } = this.#deps
    if (!row.revoked || row.expiresAt + clockToleranceSeconds <= now / 1000) return false
    if (row.notBefore !== undefined && now < row.notBefore) return false
    if (claims === undefined || row.issuedThrough === undefined) return true
    const time = numericDateAt(claims, issuedAt)
    return time === undefined || Math.floor(time) <= row.issuedThrough
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
