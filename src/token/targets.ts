import { RevocadeError } from '../errors.js'
import type { Digest, Target } from '../ports/index.js'
import { checkName, issuerOf } from './claim-values.js'
import type { Digester, Midstate } from './digester.js'
import { encodePrefix, KIND } from './encoding.js'
import { checkIssuer, type IssuerPrefixes } from './issuers.js'
import { sortedNames } from './selectors.js'

/** Digests of targets, equal to those of the tokens which they name. */
export class TargetDigester {
  readonly #digester: Digester
  readonly #namespace: string
  readonly #maxBytes: number
  readonly #ids: readonly IssuerPrefixes[]
  readonly #hash: Midstate

  /**
   * @param ids the prefixes of the configured id claims
   * @param hash the state after the prefix of a hash
   */
  constructor(
    digester: Digester,
    namespace: string,
    maxBytes: number,
    ids: readonly IssuerPrefixes[],
    hash: Midstate,
  ) {
    this.#digester = digester
    this.#namespace = namespace
    this.#maxBytes = maxBytes
    this.#ids = ids
    this.#hash = hash
  }

  /**
   * Digest of a target, into the digester's words.
   *
   * @throws RevocadeError `ERR_INVALID_TOKEN`, `ERR_CONFIG` for a target that no token can have
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
      case 'selector': {
        const midstate = this.#digester.once(KIND.selector, this.#fields(target))
        const names = sortedNames(Object.keys(target.where))
        return this.#digester.values(
          midstate,
          names,
          names.map((name) => target.where[name]),
        )
      }
    }
  }

  /** The canonical encoding that the digest of a target is taken of; see encoding.ts. */
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
        const fields = [this.#namespace, checkName(target.claim, 'An id claim')]
        if (target.iss === undefined) return fields
        checkIssuer(target.iss, this.#maxBytes)
        return [...fields, target.iss]
      }
      case 'hash':
        return [this.#namespace]
      case 'selector':
        return [this.#namespace, ...sortedNames(Object.keys(target.where))]
    }
  }
}

/**
 * Checks the hash of a token.
 *
 * @throws RevocadeError `ERR_INVALID_TOKEN`
 */
export function checkSha256(sha256: unknown): string {
  if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)) return sha256
  throw new RevocadeError('ERR_INVALID_TOKEN', 'A sha256 must be 64 lower-case hexadecimal digits')
}
