import type { TokenClaims } from '../api.js'
import type { Settings } from '../settings.js'
import { asRecord, numberOption, optionError, rejectUnknownKeys } from '../validate.js'

/** Ten years in seconds. */
const LONGEST = 316_224_000

/** Options of `revocable` and `revocableStorage`. `Value` is what the store keeps of a session. */
export interface RevocableOptions<Value> {
  /**
   * The longest time that the store keeps a session after it was last written, in seconds, 1 to 316,224,000:
   * its TTL, or the `maxAge` of the cookie. The end of a session is kept a little longer than that.
   */
  readonly lifetimeSeconds: number
  /**
   * The claims that a session stands for, such as `sub` and `sid`, so that `revokeWhere` by them ends it.
   * Give the time of the login as `iat`, in NumericDate seconds: without it a `revokeWhere` ends later logins
   * as well. Undefined for a session of nobody. The engine's `maxTokenLifetimeSeconds` must be at least
   * `lifetimeSeconds`.
   *
   * @default a session is revoked by its id only; a session of better-auth also by its user
   */
  readonly claimsOf?: ((value: Value) => TokenClaims | undefined) | undefined
}

/** The options, checked. */
export interface RevocableSettings {
  readonly lifetimeSeconds: number
  readonly claimsOf: (value: unknown) => TokenClaims | undefined
}

/**
 * Reads the options.
 *
 * @param fallback - the claims of a session where the options don't say
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid, or the engine does not fit
 */
export function readRevocableOptions(
  options: object,
  { maxTokenLifetimeSeconds = 0 }: Pick<Settings, 'maxTokenLifetimeSeconds'>,
  fallback?: RevocableSettings['claimsOf'],
): RevocableSettings {
  const given = asRecord(options, 'the options')
  rejectUnknownKeys(given, ['lifetimeSeconds', 'claimsOf'], 'option')
  const lifetimeSeconds = numberOption(given.lifetimeSeconds, 'lifetimeSeconds', [1, LONGEST], undefined)
  if (lifetimeSeconds === undefined)
    throw optionError('lifetimeSeconds', 'is missing: how long does the store keep a session?')
  const { claimsOf = fallback } = given
  if (claimsOf === undefined) return { lifetimeSeconds, claimsOf: () => undefined }
  if (!isClaimsOf(claimsOf)) throw optionError('claimsOf', 'must be a function')
  if (maxTokenLifetimeSeconds < lifetimeSeconds)
    throw optionError(
      'lifetimeSeconds',
      `is ${lifetimeSeconds}, longer than the engine's maxTokenLifetimeSeconds ` +
        `(${maxTokenLifetimeSeconds === 0 ? 'none' : maxTokenLifetimeSeconds}): a revocation by claims ` +
        'would be forgotten before the session is. Give the engine at least as much',
    )
  return { lifetimeSeconds, claimsOf }
}

const isClaimsOf = (value: unknown): value is RevocableSettings['claimsOf'] => typeof value === 'function'
