import type { RevocationInput } from '../../api.js'
import { RevocadeError } from '../../errors.js'
import { DEFAULT_MAX_TOKEN_BYTES } from '../../options.js'
import { idsInText } from '../../token/ids-in-text.js'
import { type Claims, TokenReader } from '../../token/jwt.js'
import { numericDate } from '../../token/numeric-date.js'
import { holdsToken } from '../../token/token-in-text.js'
import { CliError } from '../errors.js'
import type { Input } from '../formats/entry.js'
import { bare } from '../input/tokens.js'
import type { KeyPattern } from './key-pattern.js'
import type { RedisKey } from './redis-keys.js'

/** What the names of keys may hold. */
export const KINDS_OF_KEYS = ['jwt', 'token', 'jti', 'sha256'] as const

/** `jwt`: a JWT that anyone can decode. `token`: any token. */
export type KindOfKeys = (typeof KINDS_OF_KEYS)[number]

/** What {@link KeyInputs} needs. */
export interface KeyInputsOptions {
  readonly pattern: KeyPattern
  readonly holds: KindOfKeys
  /** The issuer of the ids; without it they are those of any issuer. */
  readonly iss?: string | undefined
  readonly idClaims: readonly string[]
}

/** Turns keys of a hand-made blacklist into input of the engine. Error texts quote no name of a key. */
export class KeyInputs {
  /** JWTs that no id claim names, so that they are revoked by their hash. */
  withoutId = 0
  readonly #options: KeyInputsOptions
  readonly #reader = new TokenReader(DEFAULT_MAX_TOKEN_BYTES)

  constructor(options: KeyInputsOptions) {
    this.#options = options
  }

  /**
   * @param now - after the TTL was read, in milliseconds
   * @throws {CliError} ERR_BAD_KEY or ERR_NO_EXPIRY when the key names nothing that can be revoked
   * @throws {RevocadeError} ERR_INVALID_TOKEN when the name holds a broken token
   */
  of({ name, type, ttlMs }: RedisKey, now: number): Input {
    const { pattern, holds } = this.#options
    if (type !== 'string') throw bad(`is of the type ${type}, not a string as SETEX writes it`)
    const held = pattern.heldBy(name)
    if (held === undefined) throw bad('has a name that is not UTF-8')
    if (held === '') throw bad('has nothing in the place of the star')
    // Rounded up: a revocation may end late, but not early.
    const until = ttlMs < 0 ? undefined : Math.ceil((now + ttlMs) / 1000)
    if (holds === 'jti') return this.#ofId(held, until)
    if (holds === 'sha256') return { input: { sha256: sha256In(held), expiresAt: needed(until) } }
    return this.#ofToken(bare(held), until)
  }

  #ofToken(token: string, until: number | undefined): Input {
    const { holds, idClaims } = this.#options
    const { claims, sealed } = this.#reader.read(token)
    const needs = { kind: 'token' } as const
    if (claims === undefined) {
      if (holds === 'jwt') throw notAJwt(token, sealed)
      // The beginning of `{"` in base64url: no opaque token, and its checks would be of the whole one.
      if (!sealed && token.startsWith('eyJ')) throw bad('holds only a part of a JWT')
      return { input: { token, expiresAt: needed(until) }, needs }
    }
    if (!idClaims.some((claim) => claims[claim] !== undefined)) this.withoutId++
    const exp = expOf(claims)
    if (until === undefined && exp === undefined) throw noExpiry('and its JWT no exp')
    // A key that expired before its token made the token good again.
    return { input: { token, expiresAt: Math.max(until ?? 0, exp ?? 0) }, needs }
  }

  #ofId(jti: string, until: number | undefined): Input {
    const { iss } = this.#options
    if (holdsToken(jti)) throw bad('holds a whole token: leave out --keys-hold jti, and see the pattern')
    const needs = { kind: 'id', claim: 'jti' } as const
    const expiresAt = needed(until)
    // Of any issuer: a text and a number are one value there.
    if (iss === undefined) return { input: { jti, expiresAt }, needs }
    const of = (id: string | number): RevocationInput => ({ jti: id, iss, expiresAt })
    const [, number] = idsInText(jti)
    return { input: of(jti), needs, ...(number === undefined ? {} : { asNumber: of(number) }) }
  }
}

/** The `exp` of a token, where it has one that can be used: some issuers write 0 for "never". */
function expOf(claims: Claims): number | undefined {
  try {
    const exp = numericDate(claims, 'exp')
    return exp === 0 ? undefined : exp
  } catch (error) {
    if (error instanceof RevocadeError) return undefined
    throw error
  }
}

/** In lower-case hexadecimal. */
function sha256In(text: string): string {
  if (/^[\da-f]{64}$/i.test(text)) return text.toLowerCase()
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, 'base64').toString('hex')
  throw bad('holds no SHA-256, in hexadecimal or base64')
}

function needed(until: number | undefined): number {
  if (until === undefined) throw noExpiry('so nobody knows how long its token is good')
  return until
}

function notAJwt(text: string, sealed: boolean): CliError {
  if (sealed)
    return bad(
      'holds an encrypted token or a PASETO: ' +
        '--keys-hold token is right where your services check it as it is',
    )
  if (/^[\da-f]{64}$/i.test(text)) return bad('holds no JWT, but perhaps a hash: see --keys-hold sha256')
  if (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text))
    return bad('holds no JWT, but a UUID: see --keys-hold jti, and --keys-hold token for opaque tokens')
  return bad('holds no JWT: see --keys-hold')
}

const bad = (problem: string): CliError => new CliError('ERR_BAD_KEY', `the key ${problem}`)

const noExpiry = (why: string): CliError => new CliError('ERR_NO_EXPIRY', `the key has no TTL, ${why}`)
