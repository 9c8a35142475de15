import type { Digest, Prefilter } from '../ports/index.js'
import type { ClaimPath } from '../token/claim-path.js'
import type { Claims, PreparedShape, TokenDigester } from '../token/identify.js'
import type { Candidate, Matched } from './candidate.js'

/** Of an opaque token: only the selector of everybody matches. */
const NO_CLAIMS: Claims = Object.freeze({})
/** The identity of a token: no claim of it is compared with the row. */
const ANY_CLAIMS: Matched = Object.freeze({})

/**
 * The digests of one token: of its identity, and of the selectors that it matches. One object serves one
 * token after the other, so that a check allocates nothing. Whoever waits, or calls code that may check
 * another token, keeps it for itself.
 */
export class TokenDigests {
  length = 0
  readonly #digester: TokenDigester
  readonly #timeClaims: ReadonlyMap<PreparedShape, ClaimPath>
  /** As long as the longest list so far. */
  readonly #digests: Digest[] = []
  readonly #shapes: (PreparedShape | undefined)[] = []
  #claims: Claims = NO_CLAIMS

  /** @param timeClaims - the claim that the cutoff of a selector is compared with, if that is not `iat` */
  constructor(digester: TokenDigester, timeClaims: ReadonlyMap<PreparedShape, ClaimPath>) {
    this.#digester = digester
    this.#timeClaims = timeClaims
  }

  /**
   * Makes the digests of the token that the digester has just read.
   *
   * @param isIdentified - the digester holds the digest of its identity, which becomes the first
   * @param shapes - the selectors to look for
   */
  fill(isIdentified: boolean, shapes: readonly PreparedShape[]): void {
    const digester = this.#digester
    const { claims = NO_CLAIMS } = digester
    this.#claims = claims
    this.length = 0
    if (isIdentified) this.#add(undefined)
    for (const shape of shapes) {
      for (let at = digester.selector(shape, claims); at > 0; at = digester.selector(shape, claims, at))
        this.#add(shape)
    }
  }

  /** @throws {RangeError} if there is no such digest */
  at(index: number): Digest {
    const digest = index < this.length ? this.#digests[index] : undefined
    if (digest === undefined) throw new RangeError('the token has no such digest')
    return digest
  }

  /** What a row of a digest is judged against. */
  matched(index: number): Matched {
    const shape = this.#shapes[index]
    return shape === undefined ? ANY_CLAIMS : { claims: this.#claims, issuedAt: this.#timeClaims.get(shape) }
  }

  /** All digests are made before the first probe: the probes then wait for memory together. */
  anyIn(prefilter: Pick<Prefilter, 'has'>): boolean {
    for (let i = 0; i < this.length; i++) if (prefilter.has(this.at(i))) return true
    return false
  }

  /** What may be revoked: the digests that a prefilter can't rule out, or all of them without one. */
  candidates(prefilter: Pick<Prefilter, 'has'> | undefined): Candidate[] {
    const candidates: Candidate[] = []
    for (let i = 0; i < this.length; i++) {
      const digest = this.at(i)
      if (prefilter?.has(digest) !== false) candidates.push({ digest, ...this.matched(i) })
    }
    return candidates
  }

  /** Copies word by word: the compiler inlines that, while `set` is a call. */
  #add(shape: PreparedShape | undefined): void {
    const { words } = this.#digester
    const at = this.length++
    this.#shapes[at] = shape
    const digest = (this.#digests[at] ??= new Int32Array(4))
    digest[0] = words[0] ?? 0
    digest[1] = words[1] ?? 0
    digest[2] = words[2] ?? 0
    digest[3] = words[3] ?? 0
  }
}
