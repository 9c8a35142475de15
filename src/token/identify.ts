import { RevocadeError } from '../errors.js'
import type { Digest, Target } from '../ports/index.js'
import { canonicalName } from './claim-path.js'
import { checkName, issuerOf, notAToken, notIdentifiable, unreadable } from './claim-values.js'
import { Digester, type Midstate } from './digester.js'
import { KIND } from './encoding.js'
import { IssuerPrefixes, STATES_PER_ID_CLAIM } from './issuers.js'
import { type Claims, hashOf, TokenReader } from './jwt.js'
import {
  hasClaims,
  nextSelector,
  type PreparedShape,
  preparedShape,
  selectorFrom,
  sortedNames,
} from './selectors.js'
import { TargetDigester } from './targets.js'

export { digestBytes, digestOfBytes } from './digest-bytes.js'
export type { Claims } from './jwt.js'
export { keyFromSecret } from './secret.js'
export type { PreparedShape, SelectorShape } from './selectors.js'

/** The options of a {@link TokenDigester}, validated already. */
export interface IdentifyOptions {
  /** The digest key: 16 bytes. */
  readonly key: Uint8Array
  readonly namespace: string
  /** The claims that may name a token; the first one that is present names it. */
  readonly idClaims: readonly string[]
  /** The longest token and the longest claim value, in bytes. */
  readonly maxTokenBytes: number
}

/** Shapes that {@link TokenDigester.shape} can prepare. */
const MAX_SHAPES = 1024

/**
 * Finds what names a token, and computes its digest. Every digest is written to one shared view,
 * {@link TokenDigester.words}: use it before the next call, or copy it with {@link digestBytes}. A claims
 * object with a plain id costs no allocation.
 */
export class TokenDigester {
  /** The result of the last digest; the next one overwrites it. */
  readonly words: Digest
  /** The selector without claims: it matches every token. */
  readonly everyone: PreparedShape
  /**
   * The claims of the last token, decoded from a JWT string if it was one; undefined for an opaque string.
   */
  claims: Claims | undefined = undefined
  /** Whether the last token was a string that others can get claims out of: a JWE or PASETO. */
  sealed = false
  /** Digests and encodings of targets. */
  readonly targets: TargetDigester

  readonly #digester: Digester
  readonly #reader: TokenReader
  readonly #namespace: string
  readonly #ids: readonly IssuerPrefixes[]
  readonly #hash: Midstate
  readonly #shapes = new Map<string, PreparedShape>()

  /** @throws {RevocadeError} ERR_CONFIG for unusable options */
  constructor(options: IdentifyOptions) {
    const { key, idClaims, maxTokenBytes } = options
    if (key.length !== 16) {
      throw new RevocadeError('ERR_CONFIG', `the digest key has ${key.length} bytes instead of 16`)
    }
    const namespace = checkName(options.namespace, 'namespace')
    for (const claim of idClaims) checkName(claim, 'a name in idClaims')
    const digester = new Digester(key, idClaims.length * STATES_PER_ID_CLAIM + 2 + MAX_SHAPES, maxTokenBytes)
    this.#digester = digester
    this.words = digester.words
    this.#reader = new TokenReader(maxTokenBytes)
    this.#namespace = namespace
    this.#ids = idClaims.map((claim) => new IssuerPrefixes(digester, namespace, claim, maxTokenBytes))
    this.#hash = digester.keep(KIND.hash, [namespace])
    this.everyone = preparedShape([], digester.keep(KIND.selector, [namespace]))
    this.targets = new TargetDigester({
      digester,
      namespace,
      maxBytes: maxTokenBytes,
      ids: this.#ids,
      hash: this.#hash,
    })
  }

  /**
   * Writes the digest of a token's identity to {@link TokenDigester.words}.
   *
   * @param token a JWT string, its claims, or an opaque string
   * @throws {RevocadeError} ERR_INVALID_TOKEN, ERR_TOKEN_NOT_IDENTIFIABLE
   */
  token(token: unknown): Digest {
    if (this.tokenIfIdentifiable(token)) return this.words
    throw this.unidentified('token')
  }

  /**
   * The error for the last token, when nothing in it could be looked up.
   *
   * @param by what was to be looked up
   */
  unidentified(by: 'token' | 'selectors'): RevocadeError {
    const idClaims = this.#ids.map(({ claim }) => claim)
    return notIdentifiable(idClaims, this.claims, by)
  }

  /** Whether the last token was a string that nothing can be read of. */
  get isOpaque(): boolean {
    return this.claims === undefined && !this.sealed
  }

  /** Whether tokens of several issuers were looked up so far. */
  get sawSeveralIssuers(): boolean {
    return this.#ids.some(({ issuers }) => issuers > 1)
  }

  /**
   * As {@link TokenDigester.token}, but without an error when nothing names the token, because its claims may
   * still match selectors.
   *
   * @returns false when nothing names the token
   * @throws {RevocadeError} ERR_INVALID_TOKEN
   */
  tokenIfIdentifiable(token: unknown): boolean {
    if (typeof token === 'string') return this.#rawToken(token)
    const claims = token
    if (!isClaims(claims)) throw notAToken(token)
    this.claims = claims
    this.sealed = false
    if (this.#idClaim(claims)) return true
    if (Array.isArray(claims) || ArrayBuffer.isView(claims)) throw notAToken(claims)
    return false
  }

  /**
   * Prepares the digests of selectors of some claims. Equal names give the same object.
   *
   * @param names in any order
   * @throws {RevocadeError} ERR_CONFIG when they are not a non-empty array of different, non-empty strings
   */
  shape(names: readonly string[]): PreparedShape {
    const sorted = sortedNames(sortedNames(names).map(canonicalName))
    const id = JSON.stringify(sorted)
    let shape = this.#shapes.get(id)
    if (shape === undefined) {
      shape = preparedShape(sorted, this.#digester.keep(KIND.selector, [this.#namespace, ...sorted]))
      this.#shapes.set(id, shape)
    }
    return shape
  }

  /**
   * Writes the digest of the next selector of a shape that a token matches to {@link TokenDigester.words}.
   * There is one for a string, and there may be more for a claim that is an array (`aud`) or a number:
   *
   * ```ts
   * for (let at = digester.selector(shape, claims); at > 0; at = digester.selector(shape, claims, at)) …
   * ```
   *
   * @param from 0, or the last result
   * @returns where to go on; 0 when there are no more, or a claim is absent
   * @throws {RevocadeError} ERR_INVALID_TOKEN when several arrays have more than 64 combinations, or the
   *   values are too long
   */
  selector(shape: PreparedShape, claims: Claims, from = 0): number {
    const { plain } = shape
    if (plain !== undefined) {
      const value = claims[plain]
      if (value === undefined) return 0
      if (typeof value === 'string')
        return from === 0 && this.#digester.tryString(shape.midstate, plain, value) ? 1 : 0
    }
    return nextSelector(this.#digester, shape, claims, from)
  }

  /** Whether the last token has all claims of a shape, whatever their values. */
  hasClaims(shape: PreparedShape): boolean {
    return this.claims !== undefined && hasClaims(shape, this.claims)
  }

  /**
   * The target that names a token.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN, ERR_TOKEN_NOT_IDENTIFIABLE
   */
  targetOf(token: unknown): Target {
    try {
      this.token(token)
    } catch (error) {
      throw unreadable(error)
    }
    const { claims } = this
    for (const { claim } of this.#ids) {
      const id = claims?.[claim]
      if (typeof id !== 'string' && typeof id !== 'number') continue
      const iss = issuerOf(claims?.iss)
      return iss === undefined ? { kind: 'id', claim, id } : { kind: 'id', claim, id, iss }
    }
    return { kind: 'hash', sha256: hashOf(this.#reader.read(String(token))) }
  }

  /**
   * The target of a selector such as `{ sub: 'u1', client_id: 'app' }`, with its names sorted.
   *
   * @throws {RevocadeError} ERR_CONFIG for unusable names, ERR_INVALID_TOKEN for unusable values
   */
  selectorTarget(where: unknown): Target {
    const target = selectorFrom(where)
    this.target(target)
    return target
  }

  /**
   * Writes the digest of a target, which is that of each token that it names, to {@link TokenDigester.words}.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN or ERR_CONFIG for a target that no token can have
   */
  target(target: Target): Digest {
    return this.targets.target(target)
  }

  #rawToken(token: string): boolean {
    this.claims = undefined
    const raw = this.#reader.read(token)
    const { claims, sealed } = raw
    this.claims = claims
    this.sealed = sealed
    if (claims === undefined || !this.#idClaim(claims)) this.#digester.one(this.#hash, 'sha256', hashOf(raw))
    return true
  }

  #idClaim(claims: Claims): boolean {
    for (const prefixes of this.#ids) {
      const id = claims[prefixes.claim]
      if (id === undefined) continue
      this.#digester.one(prefixes.of(issuerOf(claims.iss)), prefixes.claim, id)
      return true
    }
    return false
  }
}

function isClaims(token: unknown): token is Claims {
  return typeof token === 'object' && token !== null
}
