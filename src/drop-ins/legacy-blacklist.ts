import { promisify } from 'node:util'
import type { TokenClaims } from '../api.js'
import { RevocadeError } from '../errors.js'
import { asRecord, optionError, rejectUnknownKeys } from '../validate.js'

/** The module express-jwt-blacklist. */
export interface OldBlacklist {
  isRevoked(request: unknown, claims: TokenClaims, done: (error: unknown, revoked?: boolean) => void): void
  revoke(claims: TokenClaims, lifetime: number | undefined, done: (error?: unknown) => void): void
  purge(claims: TokenClaims, lifetime: number | undefined, done: (error?: unknown) => void): void
}

/** For the time in which tokens are good that the old package may have revoked. */
export interface LegacyBlacklistOptions {
  /** The old package, configured as it was. It is asked about tokens that were issued before `until`. */
  readonly blacklist: OldBlacklist
  /**
   * A moment at which no process uses the old package alone any more. Until then it is told of every
   * revocation.
   */
  readonly until: Date
}

/** The old package, as long as it is needed. */
export class LegacyBlacklist {
  readonly #old: OldBlacklist
  readonly #until: number

  /** @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable */
  constructor(options: LegacyBlacklistOptions) {
    const given = asRecord(options, "option 'legacy'")
    rejectUnknownKeys(given, ['blacklist', 'until'], "key in 'legacy'")
    const { blacklist, until } = options
    for (const name of ['isRevoked', 'revoke', 'purge'] as const)
      if (typeof asRecord(blacklist, "'legacy.blacklist'")[name] !== 'function')
        throw optionError('legacy', `needs 'blacklist', the module express-jwt-blacklist with its ${name}()`)
    if (!(until instanceof Date) || Number.isNaN(until.getTime()))
      throw optionError('legacy', "needs 'until', a Date after which no process uses the old package alone")
    this.#old = blacklist
    this.#until = until.getTime()
  }

  /** @throws {RevocadeError} ERR_UNAVAILABLE when the old package fails */
  async isRevoked(request: unknown, claims: TokenClaims): Promise<boolean> {
    // Of a token without iat nobody knows when it was issued.
    if (typeof claims.iat === 'number' && claims.iat * 1000 >= this.#until) return false
    const ask = promisify((done: (error: unknown, revoked?: boolean) => void) => {
      this.#old.isRevoked(request, claims, done)
    })
    return (await ask().catch(failed('nothing can decide'))) === true
  }

  /** @throws {RevocadeError} ERR_UNAVAILABLE when the old package fails */
  async tell(type: 'revoke' | 'purge', claims: TokenClaims, lifetime: unknown): Promise<void> {
    if (Date.now() >= this.#until) return
    const seconds = typeof lifetime === 'number' ? lifetime : undefined
    const write = promisify((done: (error?: unknown) => void) => {
      this.#old[type](claims, seconds, done)
    })
    await write().catch(failed('it is done here, and not yet for processes with the old package'))
  }
}

const failed =
  (consequence: string) =>
  (cause: unknown): never => {
    throw new RevocadeError('ERR_UNAVAILABLE', `express-jwt-blacklist failed: ${consequence}`, { cause })
  }
