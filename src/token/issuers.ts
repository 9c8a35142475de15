/// <reference lib="es2024.string" />
import { claimTooLong, unusableClaim } from './claim-values.js'
import type { Digester, Midstate } from './digester.js'
import { KIND } from './encoding.js'

/** Issuers that each id claim remembers. */
const MAX_ISSUERS = 64

/** Midstates that one {@link IssuerPrefixes} keeps: one for each remembered issuer, one without issuer. */
export const STATES_PER_ID_CLAIM = MAX_ISSUERS + 1

/** The prefixes of one id claim: without issuer, and with each of the issuers seen last. */
export class IssuerPrefixes {
  readonly claim: string
  readonly #digester: Digester
  readonly #namespace: string
  readonly #maxBytes: number
  readonly #withoutIssuer: Midstate
  /** In order of arrival; when it is full, the oldest is replaced. */
  readonly #known = new Map<string, Midstate>()
  // Most services know one issuer. A comparison with the last one takes a third of the time of a Map lookup.
  #lastIssuer: string | undefined
  #last: Midstate

  constructor(digester: Digester, namespace: string, claim: string, maxBytes: number) {
    this.claim = claim
    this.#digester = digester
    this.#namespace = namespace
    this.#maxBytes = maxBytes
    this.#withoutIssuer = digester.keep(KIND.id, [namespace, claim])
    this.#last = this.#withoutIssuer
  }

  /** How many issuers are known. */
  get issuers(): number {
    return this.#known.size
  }

  /**
   * The state to continue with the id of a token of this issuer.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN when the issuer can't be encoded
   */
  of(iss: string | undefined): Midstate {
    if (iss === this.#lastIssuer) return this.#last
    this.#last = iss === undefined ? this.#withoutIssuer : (this.#known.get(iss) ?? this.#learn(iss))
    this.#lastIssuer = iss
    return this.#last
  }

  #learn(iss: string): Midstate {
    checkIssuer(iss, this.#maxBytes)
    const fields = [this.#namespace, this.claim, iss]
    let midstate: Midstate
    const oldest = this.#known.size < MAX_ISSUERS ? undefined : this.#known.entries().next().value
    if (oldest === undefined) {
      midstate = this.#digester.keep(KIND.id, fields)
    } else {
      this.#known.delete(oldest[0])
      midstate = this.#digester.keep(KIND.id, fields, oldest[1])
    }
    this.#known.set(iss, midstate)
    return midstate
  }
}

/**
 * Refuses an issuer that can't be encoded.
 *
 * @throws {RevocadeError} ERR_INVALID_TOKEN when it has no UTF-8 form or is longer than the longest token
 */
export function checkIssuer(iss: string, maxBytes: number): void {
  if (Buffer.byteLength(iss) > maxBytes) throw claimTooLong('iss', maxBytes)
  if (!iss.isWellFormed()) throw unusableClaim('iss', iss)
}
