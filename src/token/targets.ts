import { RevocadeError } from '../errors.js'
import type { Digest, Target } from '../ports/index.js'
import { checkName, issuerOf, unusableClaim } from './claim-values.js'
import type { Digester, Midstate } from './digester.js'
import { encodePrefix, KIND } from './encoding.js'
import { checkIssuer, type IssuerPrefixes } from './issuers.js'
import { namesIn, selectorValue } from './selectors.js'
import { holdsToken } from './token-in-text.js'

/** The parts of a token digester that {@link TargetDigester} shares. */
export interface TargetDigesterParts {
  readonly digester: Digester
  readonly namespace: string
  /** The longest issuer, in bytes. */
  readonly maxBytes: number
  /** The prefixes of the configured id claims. */
  readonly ids: readonly IssuerPrefixes[]
  /** The state after the prefix of a hash. */
  readonly hash: Midstate
}

/** Computes the digests of targets; each equals the digest of the tokens that the target names. */
export class TargetDigester {
  readonly #digester: Digester
  readonly #namespace: string
  readonly #maxBytes: number
  readonly #ids: readonly IssuerPrefixes[]
  readonly #hash: Midstate

  constructor({ digester, namespace, maxBytes, ids, hash }: TargetDigesterParts) {
    this.#digester = digester
    this.#namespace = namespace
    this.#maxBytes = maxBytes
    this.#ids = ids
    this.#hash = hash
  }

  /**
   * Writes the digest of a target to the digester's words.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN or ERR_CONFIG for a target that no token can have
   */
  target(target: Target): Digest {
    switch (target.kind) {
      case 'id': {
        const iss = issuerOf(target.iss)
        const known = this.#ids.find((prefixes) => prefixes.claim === target.claim)
        const midstate =
          known === undefined ? this.#digester.once(KIND.id, this.#fields(target)) : known.of(iss)
        return this.#digester.one(midstate, target.claim, target.id)
      }
      case 'hash':
        return this.#digester.one(this.#hash, 'sha256', checkSha256(target.sha256))
      case 'selector':
        return this.#selector(target, selectorValue)
    }
  }

  /**
   * The target of an id or hash that a caller has without the token. Without an issuer it is that id of any
   * issuer: whoever has only the id can't know whether its token has one.
   *
   * @param claim the id claim; undefined when `value` is the SHA-256 of a token without one, in hexadecimal
   * @throws {RevocadeError} ERR_INVALID_TOKEN when a value can't be used
   */
  explicit(claim: string | undefined, value: unknown, iss?: unknown): Target {
    if (claim === undefined) return { kind: 'hash', sha256: checkSha256(value) }
    if (typeof value !== 'string' && typeof value !== 'number') throw unusableClaim(claim, value)
    const issuer = issuerOf(iss)
    const target: Target =
      issuer === undefined ? ofAnyIssuer(claim, value) : { kind: 'id', claim, id: value, iss: issuer }
    this.target(target)
    return target
  }

  /**
   * Refuses a target with a token in its values, which would lie in the store for whoever reads it. For what
   * is written anew only: what an earlier version has written can be looked up, moved and taken back.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN
   */
  refuseTokensIn(target: Target): void {
    if (target.kind === 'hash') return
    const claims =
      target.kind === 'selector' ? target.where : { [target.claim]: target.id, iss: target.iss ?? '' }
    for (const [name, value] of Object.entries(claims))
      if (holdsToken(name) || (typeof value === 'string' && holdsToken(value)))
        throw new RevocadeError(
          'ERR_INVALID_TOKEN',
          `claim "${name}" holds a whole token: pass it as the token, not as a claim of one`,
        )
  }

  /**
   * Copies of all digests under which a target may be stored.
   *
   * - An id without issuer: that of the token without issuer, and that of the id of any issuer.
   * - A selector with a number: also that of version 0.1, which digested numbers as they are.
   */
  all(target: Target): Digest[] {
    const digests = [this.target(target).slice()]
    if (target.kind === 'id' && target.iss === undefined)
      digests.push(this.target(ofAnyIssuer(target.claim, target.id)).slice())
    if (target.kind === 'selector' && Object.values(target.where).some(Number.isSafeInteger))
      digests.push(this.#selector(target, (value) => value).slice())
    return digests
  }

  #selector(
    target: Extract<Target, { kind: 'selector' }>,
    valueOf: (value: string | number | undefined) => unknown,
  ): Digest {
    const midstate = this.#digester.once(KIND.selector, this.#fields(target))
    const names = namesIn(target.where)
    return this.#digester.values(
      midstate,
      names,
      names.map((name) => valueOf(target.where[name])),
    )
  }

  /**
   * Writes the digest of a mark to the digester's words. No target has the same encoding.
   *
   * @param cache the kind of cache, and its name
   * @param where the claims of what it is to forget; `{}`: of everything
   * @throws {RevocadeError} ERR_CONFIG or ERR_INVALID_TOKEN for unusable names and values
   */
  mark(
    cache: readonly [kind: string, name: string],
    where: Readonly<Record<string, string | number>>,
  ): Digest {
    const names = namesIn(where)
    const midstate = this.#digester.once(KIND.mark, [this.#namespace, ...cache, ...names])
    return this.#digester.values(
      midstate,
      names,
      names.map((name) => selectorValue(where[name])),
    )
  }

  /** The canonical encoding whose digest is that of the target; see encoding.ts. */
  encodingOf(target: Target): Uint8Array {
    this.target(target)
    return Buffer.concat([
      encodePrefix(KIND[target.kind], this.#fields(target)),
      this.#digester.encodedValues(),
    ])
  }

  /** The fields of a target's prefix. */
  #fields(target: Target): string[] {
    switch (target.kind) {
      case 'id': {
        const fields = [this.#namespace, checkName(target.claim, 'an id claim')]
        if (target.iss === undefined) return fields
        checkIssuer(target.iss, this.#maxBytes)
        return [...fields, target.iss]
      }
      case 'hash':
        return [this.#namespace]
      case 'selector':
        return [this.#namespace, ...namesIn(target.where)]
    }
  }
}

/** The target of all tokens with an id, whatever their issuer. */
function ofAnyIssuer(claim: string, id: string | number): Target {
  return { kind: 'selector', where: Object.freeze({ [claim]: id }) }
}

/**
 * Checks the hash of a token.
 *
 * @throws {RevocadeError} ERR_INVALID_TOKEN when it is not 64 lower-case hexadecimal digits
 */
function checkSha256(sha256: unknown): string {
  if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)) return sha256
  throw new RevocadeError('ERR_INVALID_TOKEN', 'a sha256 must be 64 lower-case hexadecimal digits')
}
