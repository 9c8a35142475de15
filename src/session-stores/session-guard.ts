import crypto from 'node:crypto'
import type { CheckOptions, Revocade, TokenClaims } from '../api.js'
import { internalsOf } from '../engine/internals.js'
import { isRevokedVerdict } from '../engine/resolution.js'
import { RevocadeError } from '../errors.js'
import { claimsWithin, isWrapped } from '../token/claim-values.js'
import { asRecord, optionError } from '../validate.js'
import { readRevocableOptions, type RevocableSettings } from './options.js'

const { hash } = crypto

/** For how long a store may take over a write of a session that was revoked meanwhile, in seconds. */
const LATE_WRITE_SECONDS = 300

/** What the engine says of a session. */
export type SessionState =
  | 'active'
  | 'revoked'
  /** Revoked without a doubt: not by a prefix in Redis while the store is away. */
  | 'revoked-for-certain'

/**
 * Asks an engine about sessions, and ends them. A session's id is a secret, so the engine has only its
 * SHA-256, as the id of a token.
 */
export class SessionGuard {
  readonly #revocade: Revocade
  readonly #options: RevocableSettings
  readonly #now: () => number
  readonly #idClaims: readonly string[]
  readonly #check: CheckOptions | undefined

  /**
   * @param user - the function that was called with the engine, for messages
   * @param fallback - the claims of a session where the options don't say
   * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid, or the engine does not fit
   */
  constructor(revocade: Revocade, user: string, options: object, fallback?: RevocableSettings['claimsOf']) {
    const { settings } = internalsOf(revocade, user)
    this.#revocade = revocade
    this.#options = readRevocableOptions(options, settings, fallback)
    this.#now = () => settings.clock.now()
    this.#idClaims = settings.idClaims
    // Taken as revoked, the session would be lost: frameworks begin another one in its place.
    this.#check = settings.onUnknown === 'revoked' ? { onUnknown: 'throw' } : undefined
  }

  /**
   * @param value - what the store has of the session; undefined if nothing
   * @throws {RevocadeError} ERR_UNAVAILABLE when nothing can decide, unless the policy is 'active';
   *   ERR_CONFIG for claims that no revocation could be compared with
   */
  async stateOf(id: string, value: unknown): Promise<SessionState> {
    const claims: TokenClaims = {
      ...(value === undefined ? undefined : this.#claimsOf(value)),
      ...this.#named(id),
    }
    const verdict = await this.#revocade.check(claims, this.#check)
    if (!isRevokedVerdict(verdict)) return 'active'
    return verdict.decidedBy === 'redis' ? 'revoked' : 'revoked-for-certain'
  }

  /**
   * Revokes a session by its id, durably and for good: also what is written of it later.
   *
   * @throws {RevocadeError} ERR_NOT_DURABLE, ERR_UNAVAILABLE …
   */
  async revoke(id: string): Promise<void> {
    const seconds = this.#options.lifetimeSeconds + LATE_WRITE_SECONDS
    await this.#revocade.revokeWhere(this.#named(id), {
      issuedBefore: 'ever',
      expiresAt: Math.ceil(this.#now() / 1000 + seconds),
      reason: 'session ended',
    })
  }

  /** @throws {RevocadeError} ERR_CONFIG when no revocation could be compared with what is returned */
  #claimsOf(value: unknown): TokenClaims | undefined {
    const given: unknown = this.#options.claimsOf(value)
    if (given === undefined || given === null) return undefined
    const claims = asRecord(given, 'the result of claimsOf')
    if (isWrapped(given) || claimsWithin(claims) !== undefined)
      throw optionError('claimsOf', 'must return the claims themselves, without a promise')
    const name = this.#idClaims.find((one) => Object.hasOwn(claims, one))
    if (name === undefined) return claims
    throw optionError('claimsOf', `must not return '${name}': the engine's idClaims let it name a token`)
  }

  #named(id: unknown): Record<string, string> {
    if (typeof id !== 'string' || id === '')
      throw new RevocadeError('ERR_INVALID_TOKEN', 'the id of a session must be a string that is not empty')
    return { [this.#idClaims[0] ?? 'jti']: `session ${hash('sha256', id, 'base64url')}` }
  }
}
