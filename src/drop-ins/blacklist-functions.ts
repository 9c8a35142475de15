import { callbackify } from 'node:util'
import type { Receipt, TokenClaims } from '../api.js'
import type { Blacklist } from './blacklist.js'

/** A callback as Node.js has them: `null` instead of an error when all went well. */
export type Callback<T> = (error: Error | null, result?: T) => void

/** What express-jwt 7 and newer hand over: a JWT, decoded. */
export interface DecodedJwt {
  readonly payload: object | string
}

/** The functions of express-jwt-blacklist. They work when they are taken off the object. */
export interface BlacklistFunctions {
  /**
   * The option `isRevoked` of express-jwt: with a callback as its versions before 7 want it, and with a
   * promise and the decoded token as later ones do.
   *
   * @throws {RevocadeError} ERR_TOKEN_NOT_IDENTIFIABLE or ERR_INVALID_TOKEN when the token has no claim
   *   `tokenId` or `indexBy`, or one that can't be used
   * @throws {RevocadeError} with status 503 when nothing can decide, without `strict`
   */
  readonly isRevoked: IsRevoked
  /**
   * Revokes the tokens whose claims `tokenId` and `indexBy` have these values, durably. Without a callback, a
   * failure is also a process warning: callers of the old package do not wait for a promise.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN, ERR_INVALID_TIME, ERR_NO_EXPIRY, ERR_NOT_DURABLE …
   */
  readonly revoke: Operation
  /**
   * Revokes all tokens with this `tokenId` that were issued before the present second. Otherwise as
   * {@link BlacklistFunctions.revoke}.
   */
  readonly purge: Operation
}

/** {@link BlacklistFunctions.isRevoked}. */
export interface IsRevoked {
  (request: unknown, token: DecodedJwt | TokenClaims | undefined): Promise<boolean>
  (request: unknown, claims: TokenClaims, done: Callback<boolean>): void
}

/**
 * {@link BlacklistFunctions.revoke} and {@link BlacklistFunctions.purge}. They are given the claims of a
 * token, as express-jwt leaves them in the request, or what is known of them. `lifetime` is for how many
 * seconds from now the revocation is kept: by default for the time from `iat` to `exp`. It is kept at least
 * for the engine's `maxTokenLifetimeSeconds`.
 */
export interface Operation {
  (claims: TokenClaims, lifetime?: number): Promise<Receipt>
  (claims: TokenClaims, done: Callback<Receipt>): void
  (claims: TokenClaims, lifetime: number | undefined, done: Callback<Receipt>): void
}

/**
 * The functions, with promises and with callbacks.
 *
 * @param started - called for each use
 */
export function blacklistFunctions(started: () => Promise<Blacklist>): BlacklistFunctions {
  const ask = async (request: unknown, token: unknown): Promise<boolean> =>
    (await started()).isRevoked(request, token)
  const operation = (type: 'revoke' | 'purge'): Operation =>
    reporting(async (claims, lifetime) => (await started()).write(type, claims, lifetime), type)
  return {
    isRevoked: ((request: unknown, token: unknown, done?: Callback<boolean>) => {
      if (done === undefined) return ask(request, payloadOf(token))
      callbackify(() => ask(request, token))(done)
      return undefined
    }) as IsRevoked,
    revoke: operation('revoke'),
    purge: operation('purge'),
  }
}

/** Gives a function the arguments of {@link Operation}. */
function reporting(
  run: (claims: unknown, lifetime: unknown) => Promise<Receipt>,
  type: 'revoke' | 'purge',
): Operation {
  return ((claims: unknown, ...rest: readonly [unknown?, unknown?]) => {
    const [lifetime, done] = typeof rest[0] === 'function' ? [undefined, rest[0]] : rest
    const result = run(claims, lifetime)
    if (isCallback(done)) {
      callbackify(() => result)(done)
      return undefined
    }
    result.catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      process.emitWarning(`${type}() failed: ${why}`, {
        type: 'RevocadeWarning',
        code: 'REVOCADE_BLACKLIST',
      })
    })
    return result
  }) as Operation
}

const isCallback = (value: unknown): value is Callback<Receipt> => typeof value === 'function'

/** What express-jwt 7 and newer hand over is a token with its header; its claims are the payload. */
function payloadOf(token: unknown): unknown {
  const isDecoded =
    typeof token === 'object' &&
    token !== null &&
    'header' in token &&
    'payload' in token &&
    'signature' in token
  return isDecoded ? token.payload : token
}
