import type { Receipt, Revocade, TokenClaims } from '../api.js'
import { internalsOf } from '../engine/internals.js'
import { RevocadeError } from '../errors.js'
import type { Clock } from '../ports/index.js'
import {
  type BlacklistOptions,
  type BlacklistSettings,
  readBlacklistOptions,
  requireSelectors,
} from './blacklist-options.js'

/** Seconds. */
const MAX_LIFETIME = 10 * 366 * 86_400

/** What express-jwt-blacklist does, on an engine. */
export class Blacklist {
  readonly #revocade: Revocade
  readonly #settings: BlacklistSettings
  readonly #clock: Pick<Clock, 'now'>
  readonly #underWay = new UnderWay()

  /** @throws {RevocadeError} ERR_CONFIG when an option is not usable, or the engine does not fit */
  constructor(revocade: Revocade, options: BlacklistOptions) {
    const { settings } = internalsOf(revocade, 'a blacklist')
    this.#settings = readBlacklistOptions(options)
    requireSelectors(settings, this.#settings)
    this.#revocade = revocade
    this.#clock = settings.clock
  }

  async isRevoked(request: unknown, token: unknown): Promise<boolean> {
    const { tokenId, indexBy, strict, legacy } = this.#settings
    const claims = claimsOf(token)
    const id = valueOf(claims, tokenId)
    valueOf(claims, indexBy)
    const writes = this.#underWay.of(id)
    if (writes !== undefined) await writes
    const policy = strict ? ({ onUnknown: 'revoked' } as const) : {}
    if (await this.#revocade.isRevoked(claims, { selectorsOnly: true, ...policy })) return true
    return (await legacy?.isRevoked(request, claims)) ?? false
  }

  async write(type: 'revoke' | 'purge', token: unknown, lifetime: unknown): Promise<Receipt> {
    const claims = claimsOf(token)
    return this.#underWay.add(claims[this.#settings.tokenId], this.#write(type, claims, lifetime))
  }

  async #write(type: 'revoke' | 'purge', claims: TokenClaims, lifetime: unknown): Promise<Receipt> {
    const { tokenId, indexBy, legacy } = this.#settings
    const lasts = lifetimeOf(claims, lifetime)
    const expiresAt = lasts === undefined ? undefined : new Date(this.#clock.now() + lasts * 1000)
    const owner = { [tokenId]: valueOf(claims, tokenId) }
    const receipt = await (type === 'revoke'
      ? this.#revocade.revokeWhere(
          { ...owner, [indexBy]: valueOf(claims, indexBy) },
          { expiresAt, issuedBefore: 'ever' },
        )
      : // 'keep': whoever logs in again at once has a token of this second.
        this.#revocade.revokeWhere(owner, { expiresAt, sameSecond: 'keep' }))
    await legacy?.tell(type, claims, lifetime)
    return receipt
  }
}

/** The revocations that are being written: a check that begins later waits for those of its token. */
class UnderWay {
  readonly #writes = new Map<unknown, Promise<unknown>>()

  add<T>(id: unknown, write: Promise<T>): Promise<T> {
    const all: Promise<unknown> = Promise.allSettled([this.#writes.get(id), write]).then(() => {
      if (this.#writes.get(id) === all) this.#writes.delete(id)
    })
    this.#writes.set(id, all)
    return write
  }

  /** Undefined when there are none. The promise does not reject. */
  of(id: unknown): Promise<unknown> | undefined {
    return this.#writes.get(id)
  }
}

function claimsOf(value: unknown): TokenClaims {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as TokenClaims
  throw new RevocadeError('ERR_INVALID_TOKEN', 'the claims of a token are missing: an object is needed')
}

/** The value of a claim that names tokens. */
function valueOf(claims: TokenClaims, name: string): string | number {
  const value = claims[name]
  if (value === undefined)
    throw new RevocadeError(
      'ERR_TOKEN_NOT_IDENTIFIABLE',
      `the token has no claim '${name}': name one that all tokens have as 'tokenId' or 'indexBy'`,
    )
  if (
    (typeof value === 'string' && value !== '') ||
    (typeof value === 'number' && Number.isSafeInteger(value))
  )
    return value
  throw new RevocadeError(
    'ERR_INVALID_TOKEN',
    `the claim '${name}' must be a string that is not empty, or a whole number: tokens are named by it`,
  )
}

/** Seconds; undefined: the engine decides. */
function lifetimeOf({ iat, exp }: TokenClaims, lifetime: unknown): number | undefined {
  if (lifetime === undefined || lifetime === null || lifetime === 0)
    return typeof iat === 'number' && typeof exp === 'number' ? exp - iat : undefined
  if (typeof lifetime === 'number' && lifetime > 0 && lifetime <= MAX_LIFETIME) return lifetime
  throw new RevocadeError('ERR_INVALID_TIME', 'the lifetime must be a number of seconds, up to ten years')
}
