import type { CheckOptions, Receipt, Revocade, RevokeOptions, Token } from '../api.js'
import { defaultRevocade } from '../default-engine.js'
import { checkEngine } from '../validate.js'

/**
 * A blacklist of tokens, in the words of the usual hand-written class. Its methods are bound.
 *
 * @example
 * const tokens = TokenManager.fromEnv()
 * await tokens.blacklist(token)
 * await tokens.isBlacklisted(token) // => true
 */
export class TokenManager {
  readonly #engine: () => Promise<Revocade>
  /** The engine of the last question. */
  #last: Revocade | undefined

  /**
   * A manager on an engine, which is its owner's to close.
   *
   * @throws {RevocadeError} ERR_CONFIG when it is no engine
   */
  constructor(engine: Revocade | Promise<Revocade> | (() => Promise<Revocade>)) {
    if (typeof engine === 'function') {
      this.#engine = engine
      return
    }
    if (engine instanceof Promise) {
      // Its failure is that of the first use.
      engine.catch(() => undefined)
    } else checkEngine(engine, 'a TokenManager', ['isRevoked'])
    this.#engine = () => Promise.resolve(engine)
  }

  /**
   * A manager on the process-wide engine: that of `configure()`, or else of the environment variables that
   * `configure()` lists, such as `REVOCADE_STORE` and `REVOCADE_REDIS_URL`. The engine is created on first
   * use, which also reports what is wrong with the variables.
   */
  static fromEnv(): TokenManager {
    return new TokenManager(defaultRevocade)
  }

  /**
   * Revokes a token until its `exp`, or until `expiresAt`. Resolves once that is durable.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN, ERR_NO_EXPIRY, ERR_NOT_DURABLE … as `revoke()`
   */
  readonly blacklist = async (token: Token, options?: RevokeOptions): Promise<Receipt> =>
    (await this.#now()).revoke(token, options)

  /**
   * Tells whether a token is revoked. Verify it first, as {@link Authenticated} does.
   *
   * @throws {RevocadeError} ERR_UNAVAILABLE when nothing can decide, and others as `isRevoked()`
   */
  readonly isBlacklisted = async (token: Token, options?: CheckOptions): Promise<boolean> =>
    (await this.#now()).isRevoked(token, options)

  /** As `check()` of the engine. */
  readonly check: Revocade['check'] = async (token, options) => (await this.#now()).check(token, options)

  /** As `isClearlyActive()` of the engine; false until the engine was used once. */
  readonly isClearlyActive = (token: Token): boolean => this.#last?.isClearlyActive(token) ?? false

  async #now(): Promise<Revocade> {
    this.#last = await this.#engine()
    return this.#last
  }
}
