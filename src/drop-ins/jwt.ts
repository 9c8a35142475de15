import { randomUUID } from 'node:crypto'
import type {
  DecodeOptions,
  Jwt as CompleteJwt,
  JwtPayload,
  PrivateKey,
  PublicKey,
  Secret,
  SignOptions,
  VerifyOptions,
} from 'jsonwebtoken'
import type { Revocade, RevokeOptions } from '../api.js'
import { RevocadeError } from '../errors.js'
import { requirePeer } from '../require-peer.js'
import { asRecord, checkEngine, optionError, rejectUnknownKeys } from '../validate.js'

import '../require-node.js'

const jsonwebtoken = requirePeer('jsonwebtoken', 'revocade/jwt') as typeof import('jsonwebtoken')

/** The errors of jsonwebtoken, as jwt-redis exports them. */
export const { JsonWebTokenError, TokenExpiredError, NotBeforeError } = jsonwebtoken

/** The token was destroyed; of a token from before the switch also: its label is gone. */
export class TokenDestroyedError extends Error {
  override readonly name = 'TokenDestroyedError'
}

/** The token has no `jti`: it was not made by `sign`. */
export class TokenInvalidError extends Error {
  override readonly name = 'TokenInvalidError'
}

/** What is used of the Redis client that jwt-redis had: of node-redis 4 and newer. */
export interface LabelClient {
  get(key: string): Promise<unknown>
  set(key: string, value: string, options?: { readonly EX: number }): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** For the time in which tokens of jwt-redis are still good. */
export interface LegacyOptions {
  readonly client: LabelClient
  /** @default 'jwt_label:' */
  readonly prefix?: string | undefined
  /**
   * A moment at which no process signs with jwt-redis any more. Tokens that are issued before must have their
   * label, as jwt-redis asks. So until then `sign` writes it.
   */
  readonly until: Date
}

/** Options of {@link createJwt}. */
export interface CreateJwtOptions {
  readonly legacy?: LegacyOptions | undefined
}

/** The methods of jwt-redis. They work when they are taken off the object. */
export interface Jwt {
  /** Signs as jsonwebtoken does, with a `jti` unless the payload or the options have one. */
  sign(payload: object, secretOrPrivateKey: Secret | PrivateKey, options?: SignOptions): Promise<string>
  /**
   * Verifies as jsonwebtoken does, and asks whether the token was destroyed.
   *
   * @throws {TokenDestroyedError} it was; also if it has expired and `ignoreExpiration` let it through
   * @throws {TokenInvalidError} it has no `jti`
   * @throws {RevocadeError} with status 503 when nothing can decide
   */
  verify(
    token: string,
    secretOrPublicKey: Secret | PublicKey,
    options: VerifyOptions & { complete: true },
  ): Promise<CompleteJwt>
  verify(
    token: string,
    secretOrPublicKey: Secret | PublicKey,
    options?: VerifyOptions & { complete?: false },
  ): Promise<JwtPayload>
  /** Decodes as jsonwebtoken does, and verifies nothing. */
  decode(token: string, options?: DecodeOptions): JwtPayload | CompleteJwt | string | null
  /**
   * Destroys a token, durably: a whole token, or the `jti` of one. A `jti` has no expiry, so its revocation
   * is kept for the engine's `maxTokenLifetimeSeconds`, or until `expiresAt`: the later of the two.
   *
   * @returns whether it was good until now
   * @throws {RevocadeError} ERR_INVALID_TOKEN, ERR_NO_EXPIRY, ERR_NOT_DURABLE …
   */
  destroy(tokenOrJti: string, options?: RevokeOptions): Promise<boolean>
}

/** What is asked of the engine. */
type Engine = Pick<Revocade, 'isRevoked' | 'revoke' | 'revokeWhere'>

/**
 * jwt-redis on an engine: tokens need no label in Redis, and are good until they are destroyed.
 *
 * @throws {RevocadeError} ERR_CONFIG when this is no engine, or an option is unknown or not usable
 */
export function createJwt(revocade: Engine, options: CreateJwtOptions = {}): Jwt {
  checkEngine(revocade, 'createJwt()', ['isRevoked', 'revoke', 'revokeWhere'])
  rejectUnknownKeys(asRecord(options, 'the options'), ['legacy'], 'option')
  const labels = options.legacy === undefined ? undefined : new Labels(options.legacy)

  const verify = async (token: string, key: Secret | PublicKey, given: VerifyOptions = {}) => {
    const decoded = await verified(token, key, given)
    const claims = decoded.payload
    if (typeof claims === 'string' || typeof claims.jti !== 'string' || claims.jti === '')
      throw new TokenInvalidError('the token has no jti')
    // The revocation of an expired token may be forgotten.
    const hasExpired = claims.exp !== undefined && claims.exp <= Date.now() / 1000
    if (hasExpired || (await revocade.isRevoked(claims)) || (await labels?.lacks(claims)) === true)
      throw new TokenDestroyedError('the token was destroyed')
    return given.complete === true ? decoded : claims
  }

  return {
    sign: async (payload, key, { jwtid, ...given } = {}) => {
      const jti = jtiIn(payload) ?? jwtid ?? randomUUID()
      const token = jsonwebtoken.sign({ ...payload, jti }, key, given)
      await labels?.keep(jti, token)
      return token
    },
    verify: verify as Jwt['verify'],
    decode: (token, given) => jsonwebtoken.decode(token, given),
    destroy: async (tokenOrJti, given) => {
      const jti = jtiOf(tokenOrJti)
      // Of any issuer, and of any age: an id is used once.
      const receipt = await (jti === tokenOrJti
        ? revocade.revokeWhere({ jti }, { issuedBefore: 'ever', ...given })
        : revocade.revoke(tokenOrJti, given))
      if (jti !== undefined) await labels?.forget(jti)
      return receipt.outcome === 'revoked'
    },
  }
}

/** The labels of jwt-redis: a token without one is destroyed. */
class Labels {
  readonly #client: LabelClient
  readonly #prefix: string
  readonly #until: number

  constructor(options: LegacyOptions) {
    const { client, prefix = 'jwt_label:', until } = options
    rejectUnknownKeys(asRecord(options, "option 'legacy'"), ['client', 'prefix', 'until'], "key in 'legacy'")
    const given: unknown = client
    // Not of a copy: the methods of a client stand in its class.
    const has = (method: string): boolean =>
      typeof given === 'object' && given !== null && typeof Reflect.get(given, method) === 'function'
    for (const method of ['get', 'set', 'del'])
      if (!has(method))
        throw optionError('legacy', `needs a 'client' with the method '${method}', as node-redis has it`)
    if (!(until instanceof Date) || Number.isNaN(until.getTime()))
      throw optionError('legacy', "needs 'until', a Date after which no process signs with jwt-redis")
    this.#client = client
    this.#prefix = prefix
    this.#until = until.getTime()
  }

  async keep(jti: string, token: string): Promise<void> {
    const now = Date.now()
    const claims = jsonwebtoken.decode(token, { json: true })
    // Of a token without iat nobody can say later when it was issued.
    if (now >= this.#until && claims?.iat !== undefined) return
    if (claims?.exp === undefined) await this.#client.set(this.#prefix + jti, 'true')
    else {
      const EX = Math.floor(claims.exp - now / 1000)
      if (EX > 0) await this.#client.set(this.#prefix + jti, 'true', { EX })
    }
  }

  /** Whether a token must have a label, and has none. */
  async lacks({ jti = '', iat = 0 }: JwtPayload): Promise<boolean> {
    if (iat * 1000 >= this.#until) return false
    const label = await this.#client.get(this.#prefix + jti)
    return label === null || label === undefined
  }

  async forget(jti: string): Promise<void> {
    await this.#client.del(this.#prefix + jti)
  }
}

function verified(token: string, key: Secret | PublicKey, options: VerifyOptions): Promise<CompleteJwt> {
  return new Promise((resolve, reject) => {
    jsonwebtoken.verify(token, key, { ...options, complete: true }, (error, decoded) => {
      if (error !== null || decoded === undefined) reject(error ?? new TokenInvalidError('no claims'))
      else resolve(decoded)
    })
  })
}

/** The `jti` of a token, or the given text if it is no token. */
function jtiOf(tokenOrJti: unknown): string | undefined {
  if (typeof tokenOrJti !== 'string' || tokenOrJti === '')
    throw new RevocadeError(
      'ERR_INVALID_TOKEN',
      'destroy needs a token or its jti, a string that is not empty',
    )
  const claims = jsonwebtoken.decode(tokenOrJti, { json: true })
  return claims === null ? tokenOrJti : jtiIn(claims)
}

function jtiIn(claims: object): string | undefined {
  const jti: unknown = 'jti' in claims ? claims.jti : undefined
  if (jti === undefined || jti === '') return undefined
  if (typeof jti === 'string') return jti
  throw new RevocadeError(
    'ERR_INVALID_TOKEN',
    "the claim 'jti' must be a string: destroy() names the token by it",
  )
}
