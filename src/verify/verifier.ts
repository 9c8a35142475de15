import crypto from 'node:crypto'
import type { CheckOptions, Revocade, TokenClaims } from '../api.js'
import { internalsOf } from '../engine/internals.js'
import type { LoadingCacheStats, Times } from '../engine/loading-cache.js'
import { RevocadeError } from '../errors.js'
import type { InvalidationReceipt } from '../receipt.js'
import { isWrapped } from '../token/claim-values.js'
import { TokenReader } from '../token/jwt.js'
import { numericDate } from '../token/numeric-date.js'
import { asRecord, optionError, rejectUnknownKeys } from '../validate.js'
import { frozenCopy } from './frozen-copy.js'
import { readVerifierOptions, type VerifierOptions } from './options.js'

const { hash } = crypto

/** Characters of the longest token that is kept. */
const MAX_CACHED = 8192
/** All verifiers of a namespace: a key that is not trusted any more is trusted by none. */
const CACHE = ['verified', ''] as const

/** Which verifications {@link Verifier.forget} is for. */
export interface ForgetQuery {
  /** Those of tokens that this key signed. */
  readonly kid: string
}

/** Counts of {@link Verifier.stats} since the start; `entries` and `loading` are of now. */
export type VerifierStats = LoadingCacheStats

/** Verifies tokens, or remembers that it did, and then asks the engine. */
export interface Verifier<C> {
  /**
   * The claims of a token that is verified and not revoked.
   *
   * Rejects with what `verify` throws; with `ERR_REVOKED` (401) for a revoked token; and as `isRevoked` does,
   * with `ERR_UNAVAILABLE` when nothing can decide.
   */
  (token: string, options?: CheckOptions): Promise<C>
  /**
   * Forgets verifications, of all verifiers of the store and namespace: take a compromised key from the key
   * set first. Once it resolves, this process verifies anew; others after Δ (`maxStalenessMs`).
   */
  readonly forget: (query?: ForgetQuery) => Promise<InvalidationReceipt>
  readonly stats: () => VerifierStats
}

/** What a verification found. */
interface Verified<C> {
  readonly claims: C
  /** The claims in the token itself, which the engine is asked about; undefined if nobody can read them. */
  readonly own: TokenClaims | undefined
  readonly times: Times | undefined
}

/**
 * A verifier that remembers for `ttlSeconds` which tokens had a right signature. It never remembers that a
 * token was not revoked: the engine is asked each time.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or out of range, or the engine is not one that
 *   `createRevocade` made
 * @example
 * const verified = createVerifier(revocade, {
 *   verify: async (token) => (await jwtVerify(token, keys, { issuer, audience })).payload,
 * })
 * const claims = await verified(token)
 */
export function createVerifier<C>(revocade: Revocade, options: VerifierOptions<C>): Verifier<C> {
  const { digester, marks, newCache } = internalsOf(revocade, 'createVerifier').layers
  const { verify, kid, ttlSeconds, max } = readVerifierOptions(options)
  const wordOf = (where: { kid?: string }): number => digester.targets.mark(CACHE, { ...where })[0] ?? 0
  const cache = newCache<Verified<C>>({
    max,
    ttlSeconds,
    watchedByAll: [wordOf({})],
    timesOf: ({ times }) => times,
  })

  /** What makes the verification of a token out of date; undefined: it is not kept. */
  const watchedOf = (token: string): readonly number[] | undefined => {
    if (token.length > MAX_CACHED) return undefined
    try {
      const key = kid(token)
      return key === undefined ? [] : [wordOf({ kid: key })]
    } catch {
      return undefined
    }
  }

  const verified = async (token: string, checkOptions?: CheckOptions): Promise<C> => {
    // Lone surrogates are hashed as U+FFFD: another token would be found.
    if (typeof token !== 'string' || !token.isWellFormed())
      throw new RevocadeError('ERR_INVALID_TOKEN', 'a token must be a well-formed string')
    const found = await cache.get({
      key: hash('sha256', token, 'base64url'), // of the whole token, and the bearer is not in memory
      watched: () => watchedOf(token),
      load: async () => verifiedBy(token, await verify(token)),
    })
    if (checkOptions === undefined && found.own !== undefined && revocade.isClearlyActive(found.own))
      return found.claims
    await refuseRevoked(revocade, token, found, checkOptions)
    return found.claims
  }

  const forget = async (query?: ForgetQuery): Promise<InvalidationReceipt> => {
    const given = query === undefined ? {} : asRecord(query, 'the query')
    rejectUnknownKeys(given, ['kid'], 'key')
    if (query === undefined) return marks.write({ cache: CACHE, where: {}, ttlSeconds })
    if (typeof query.kid !== 'string') throw optionError('kid', 'must be a string')
    return marks.write({ cache: CACHE, where: { kid: query.kid }, ttlSeconds })
  }

  return Object.assign(verified, { forget, stats: () => cache.stats() })
}

/** Reads the claims of the token itself: what `verify` returned may be made of them, and lack its name. */
const reader = new TokenReader(1 << 20)

function verifiedBy<C>(token: string, returned: C): Verified<C> {
  if (isWrapped(returned)) throw optionError('verify', "must return the claims: the '.payload' of a result")
  const own = reader.read(token).claims
  const frozen = frozenCopy(returned)
  const claims = frozen ?? returned
  return { claims, own, times: frozen === undefined ? undefined : timesOf(own ?? claims) }
}

/** Outside of them the token is verified again, so that `verify` says what is wrong with it. */
function timesOf(claims: unknown): Times | undefined {
  if (!isClaims(claims)) return undefined
  try {
    const [nbf, exp] = [numericDate(claims, 'nbf'), numericDate(claims, 'exp')]
    return { from: (nbf ?? 0) * 1000, until: (exp ?? Infinity) * 1000 }
  } catch {
    return undefined
  }
}

/**
 * Asks the engine about a token. The claims of an encrypted or opaque token are another name of it than the
 * string: a revocation of either counts.
 */
async function refuseRevoked(
  revocade: Revocade,
  token: string,
  { own, claims }: Verified<unknown>,
  options: CheckOptions = {},
): Promise<void> {
  let revoked = await revocade.isRevoked(token, options)
  if (!revoked && own === undefined && isClaims(claims)) {
    revoked = await revocade
      .isRevoked(claims, { ...options, selectorsOnly: true })
      .catch((error: unknown) => {
        if (error instanceof RevocadeError && error.code === 'ERR_TOKEN_NOT_IDENTIFIABLE') return false
        throw error
      })
  }
  if (revoked) throw new RevocadeError('ERR_REVOKED', 'the token was revoked: refuse the request')
}

const isClaims = (value: unknown): value is TokenClaims =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
