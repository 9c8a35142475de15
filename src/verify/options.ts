import { asRecord, integerOption, numberOption, optionError, rejectUnknownKeys } from '../validate.js'
import { headerKid } from './header-kid.js'

/** Options of `createVerifier`. */
export interface VerifierOptions<C> {
  /**
   * Verifies signature, times, issuer and audience of a token, and returns its claims. What it throws is
   * thrown, and not kept. All tokens of one verifier must be verified by the same rules.
   */
  readonly verify: (token: string) => C | Promise<C>
  /**
   * The longest that a verification counts: 1 to 3,600 seconds.
   *
   * @default 60
   */
  readonly ttlSeconds?: number | undefined
  /**
   * The most verifications that are kept, 1 to 1,000,000.
   *
   * @default 10_000
   */
  readonly max?: number | undefined
  /**
   * The id of the key that a token is signed with, for `forget({ kid })`. It is called before the token is
   * verified. Undefined: the token is forgotten by `forget()` alone. What it throws keeps the token out.
   *
   * @default the `kid` in the header of a JWT
   */
  readonly kid?: ((token: string) => string | undefined) | undefined
}

/** The options with their defaults. */
export type VerifierSettings<C> = {
  readonly [name in keyof VerifierOptions<C>]-?: NonNullable<VerifierOptions<C>[name]>
}

/**
 * Reads the options.
 *
 * @throws {RevocadeError} ERR_CONFIG when one of them is unknown or out of range
 */
export function readVerifierOptions<C>(options: VerifierOptions<C>): VerifierSettings<C> {
  const given = asRecord(options, 'the second argument of createVerifier, its options { verify },')
  rejectUnknownKeys(given, ['verify', 'ttlSeconds', 'max', 'kid'], 'option')
  const { verify, kid = headerKid } = options
  if (typeof verify !== 'function')
    throw optionError('verify', 'must be a function: it verifies a token and returns its claims')
  if (typeof kid !== 'function') throw optionError('kid', 'must be a function')
  return {
    verify,
    kid,
    ttlSeconds: numberOption(given.ttlSeconds, 'ttlSeconds', [1, 3600], 60),
    max: integerOption(given.max, 'max', [1, 1_000_000], 10_000),
  }
}
