import type { Token, TokenClaims } from '../api.js'
import { RevocadeError } from '../errors.js'
import { isWrapped } from '../token/claim-values.js'
import { checkEngine, optionError } from '../validate.js'
import { readCredential, schemeOf } from './credential.js'
import { type Checker, isKnownActive, judge, type Judgement } from './judge.js'
import { type Policy, type PolicyOptions, readPolicy } from './policy.js'
import { type RefusalReason, RefusedRequest } from './refusal.js'
import { isFaultOfToken } from './verifier-error.js'

/** Options of a guard. `Request` is the framework's own type. */
export interface GuardOptions<Request> extends PolicyOptions {
  /**
   * Where the token is, if not in the header `Authorization`: in a cookie, or in several places, all of which
   * are then checked. An empty string is no token.
   */
  readonly token?: ((request: Request) => string | readonly string[] | null | undefined) | undefined
  /**
   * The claims that a verifier has verified before. They are checked instead of a token. Null and undefined
   * are no token; anything else but an object is refused.
   */
  readonly claims?: ((request: Request) => unknown) | undefined
  /**
   * Verifies a token, and returns its claims. What it throws refuses the request: with 401, or with 503 where
   * the error says that the keys could not be had (`statusCode` 500 or more, a `TypeError` of `fetch`).
   */
  readonly verify?: ((token: string, request: Request) => object | Promise<object>) | undefined
}

/** The answer to a request. */
export type Decision =
  | {
      readonly allowed: true
      /** Whether there was no token. */
      readonly anonymous: boolean
      /** What `verify` or `claims` returned. */
      readonly claims?: object
    }
  | { readonly allowed: false; readonly refusal: RefusedRequest }

/** Decides on requests. Its promise rejects only for a mistake in the set-up. */
export type Gate<Request> = (request: Request) => Decision | Promise<Decision>

/** How a gate reads the header `Authorization` of a framework's request: one value for each line. */
export type ReadAuthorization<Request> = (request: Request) => readonly string[]

const ANONYMOUS: Decision = Object.freeze({ allowed: true, anonymous: true })
const ALLOWED: Decision = Object.freeze({ allowed: true, anonymous: false })
const OWN = ['token', 'claims', 'verify']

/**
 * The core of every adapter: from a request to a decision. It decides at once, without a promise, for a token
 * that is clearly active.
 *
 * @param read - reads the header of the framework's request
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function createGate<Request>(
  engine: Checker,
  options: GuardOptions<Request>,
  read: ReadAuthorization<Request>,
): Gate<Request> {
  checkGuarded(engine)
  const policy = readPolicy(options, OWN)
  const { clockToleranceSeconds: tolerated = Infinity } = engine
  if (policy.clockToleranceSeconds > tolerated)
    throw optionError(
      'clockToleranceSeconds',
      `is more than the engine's, ${tolerated}: revocations are forgotten then. Give the engine as much`,
    )
  for (const name of ['token', 'claims', 'verify'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw optionError(name, 'must be a function')
  if (options.claims !== undefined && (options.token ?? options.verify) !== undefined)
    throw optionError('claims', "takes the place of 'token' and 'verify': give one or the other")
  const { verify, token, claims } = options
  const isHeaderAll = (verify ?? token ?? claims) === undefined

  return (request) => {
    const values = read(request)
    const [value] = values
    if (
      isHeaderAll &&
      value !== undefined &&
      values.length === 1 &&
      isKnownActive(engine, value, policy, Date.now() / 1000)
    )
      return ALLOWED
    const court = { engine, policy, values }
    // Whoever reads the token after us may read the other one.
    if (values.length > 1) return refused(court, 'several')
    if (claims !== undefined) return judgeClaims(court, claims(request))
    const tokens = token === undefined ? tokenIn(values) : tokensOf(token(request))
    if (typeof tokens === 'string') return refused(court, tokens)
    if (verify === undefined) return judgeAll(court, tokens, ALLOWED)
    return verified(court, tokens, (token) => verify(token, request))
  }
}

interface Court {
  readonly engine: Checker
  readonly policy: Policy
  /** Of the header `Authorization`. */
  readonly values: readonly string[]
}

function refused({ policy, values }: Court, reason: RefusalReason, cause?: unknown): Decision {
  if (reason === 'missing' && !policy.required) return ANONYMOUS
  const challenge = { scheme: schemeOf(values), realm: policy.realm }
  return { allowed: false, refusal: new RefusedRequest(reason, challenge, cause) }
}

/** What a query or a cookie holds may be of any type, if the client says so. An object is no token here. */
function tokensOf(found: unknown): readonly string[] | 'missing' | 'malformed' {
  const tokens: readonly unknown[] = Array.isArray(found) ? found : [found ?? '']
  if (!tokens.every((text) => typeof text === 'string')) return 'malformed'
  const given = tokens.filter((text) => text !== '')
  return given.length === 0 ? 'missing' : given
}

function tokenIn(values: readonly string[]): readonly string[] | RefusalReason {
  const credential = readCredential(values)
  if (credential.kind === 'none') return 'missing'
  return credential.kind === 'token' ? [credential.token] : credential.fault
}

function judgeClaims(court: Court, claims: unknown): Decision | Promise<Decision> {
  if (claims === undefined || claims === null) return refused(court, 'missing')
  if (!isClaims(claims)) return refused(court, 'malformed')
  return judgeAll(court, [claims], { allowed: true, anonymous: false, claims })
}

/** Judges tokens in turn. All must be active. */
function judgeAll(court: Court, tokens: readonly Token[], allowed: Decision): Decision | Promise<Decision> {
  const { engine, policy } = court
  const now = Date.now() / 1000
  let i = 0
  for (const token of tokens) {
    i++
    const judgement = judge(engine, token, policy, now)
    if (judgement instanceof Promise) return judgeRest(court, judgement, tokens.slice(i), allowed)
    if (judgement.status !== 'active') return refused(court, judgement.status, judgement.cause)
  }
  return allowed
}

async function judgeRest(
  court: Court,
  pending: Promise<Judgement>,
  rest: readonly Token[],
  allowed: Decision,
): Promise<Decision> {
  const { status, cause } = await pending
  return status === 'active' ? judgeAll(court, rest, allowed) : refused(court, status, cause)
}

/** First the signature and the times, then the revocation: of the claims, and of what they don't name. */
async function verified(
  court: Court,
  tokens: readonly string[],
  verify: (token: string) => object | Promise<object>,
): Promise<Decision> {
  let first: object | undefined
  for (const token of tokens) {
    let claims: object
    try {
      claims = await verify(token)
    } catch (error) {
      return refused(court, reasonOf(error), error)
    }
    if (!isClaims(claims)) return refused(court, 'invalid', optionError('verify', 'must return the claims'))
    const decision = await judgeVerified(court, token, claims)
    if (!decision.allowed) return decision
    first ??= claims
  }
  return { allowed: true, anonymous: false, ...(first === undefined ? {} : { claims: first }) }
}

/**
 * The claims of an encrypted token are another name of it than the string, and only they have what its
 * selectors look for: a revocation of either counts. The string names a token without an id.
 */
async function judgeVerified(court: Court, token: string, claims: TokenClaims): Promise<Decision> {
  if (isWrapped(claims)) throw optionError('verify', "must return the claims: the '.payload' of a result")
  const decision = await judgeAll(court, [token], ALLOWED)
  if (!decision.allowed) return decision
  const policy = { ...court.policy, check: { ...court.policy.check, selectorsOnly: true } }
  try {
    return await judgeAll({ ...court, policy }, [claims], ALLOWED)
  } catch (error) {
    if (error instanceof RevocadeError && error.code === 'ERR_TOKEN_NOT_IDENTIFIABLE') return decision
    throw error
  }
}

/** What `revocade/verify` throws says more than an error of another verifier. */
function reasonOf(error: unknown): RefusalReason {
  const code = error instanceof RevocadeError ? error.code : undefined
  if (code === 'ERR_CONFIG') throw error
  if (code === 'ERR_REVOKED') return 'revoked'
  return isFaultOfToken(error) ? 'invalid' : 'unknown'
}

function isClaims(value: unknown): value is TokenClaims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws {RevocadeError} ERR_CONFIG when a guard can't use it as an engine */
export function checkGuarded(engine: unknown): void {
  checkEngine(engine, 'a guard', ['check', 'isClearlyActive'])
}
