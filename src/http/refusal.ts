import { bareError } from '../redact.js'
import type { Scheme } from './credential.js'

/** Why a request is refused. `unknown`: nothing could decide, so it is nobody's fault but ours. */
export type RefusalReason =
  'missing' | 'scheme' | 'several' | 'malformed' | 'invalid' | 'expired' | 'revoked' | 'unknown'

/** What a client is told. Fixed texts: nothing of the request or the store is in them. */
const TEXTS = {
  missing: 'a token is required',
  scheme: 'the credentials must have the scheme Bearer or DPoP',
  several: 'there must be one header Authorization, with one token',
  malformed: 'the token is malformed',
  invalid: 'the token is not valid',
  expired: 'the token has expired',
  revoked: 'the token was revoked',
  unknown: 'nothing can tell at the moment whether the token was revoked: try again',
} as const

/** All reasons, in the order of docs/http.md. */
export const REFUSAL_REASONS = Object.keys(TEXTS).filter((key): key is RefusalReason => key in TEXTS)

/** How long a client should wait after an answer 503, in seconds. */
const RETRY_AFTER_SECONDS = 1

/** Problem details (RFC 9457) of a refusal. */
export interface Problem {
  /** `urn:revocade:` and the reason; stable. */
  readonly type: string
  readonly title: string
  readonly status: 401 | 503
}

/** What names a refusal's challenge. */
export interface Challenge {
  readonly scheme: Scheme
  readonly realm: string
}

/**
 * A request that was refused, as an error of the shape that frameworks answer with by themselves: `status`,
 * `statusCode`, `headers`, `expose`. Neither its message nor its properties hold anything of the token.
 *
 * @example
 * app.use((error, req, res, next) => {
 *   if (!(error instanceof RefusedRequest)) return next(error)
 *   if (error.status === 503) console.error(error.cause)
 *   res.status(error.status).set(error.headers).type('application/problem+json').json(error.problem)
 * })
 */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest'
  readonly reason: RefusalReason
  /** `ERR_TOKEN_` and the reason, or `ERR_UNAVAILABLE`. */
  readonly code: string
  /** 503 when nothing could decide, else 401. */
  readonly status: 401 | 503
  /** The same as `status`. */
  readonly statusCode: 401 | 503
  /** `Cache-Control`, and `WWW-Authenticate` (RFC 6750, section 3) or `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>
  /** Tells frameworks that the message may be shown to clients. */
  readonly expose = true
  /** The body of an answer in `application/problem+json`. */
  readonly problem: Problem

  constructor(reason: RefusalReason, challenge: Challenge, cause?: unknown) {
    const text = TEXTS[reason]
    const bare = bareError(cause)
    super(text, bare === undefined ? undefined : { cause: bare })
    this.reason = reason
    this.code = reason === 'unknown' ? 'ERR_UNAVAILABLE' : `ERR_TOKEN_${reason.toUpperCase()}`
    this.status = this.statusCode = reason === 'unknown' ? 503 : 401
    this.headers = { 'Cache-Control': 'no-store', ...headersOf(reason, challenge) }
    this.problem = { type: `urn:revocade:${reason}`, title: text, status: this.status }
  }

  /**
   * The answer of a server that works with `Request` and `Response`. Hono calls it by this name.
   *
   * @returns a new response with the problem as body
   */
  getResponse(): Response {
    const headers = { ...this.headers, 'Content-Type': 'application/problem+json' }
    return new Response(JSON.stringify(this.problem), { status: this.status, headers })
  }

  /** `instanceof` goes by name, so that it holds for another copy of this package as well. */
  static override [Symbol.hasInstance](value: unknown): value is RefusedRequest {
    return value instanceof Error && value.name === 'RefusedRequest' && 'problem' in value
  }
}

/** Without credentials that were read, a challenge names no error (RFC 6750, section 3.1). */
function headersOf(reason: RefusalReason, { scheme, realm }: Challenge): Record<string, string> {
  if (reason === 'unknown') return { 'Retry-After': String(RETRY_AFTER_SECONDS) }
  const challenge = `${scheme} realm="${realm}"`
  if (reason === 'missing' || reason === 'scheme') return { 'WWW-Authenticate': challenge }
  const error = `error="invalid_token", error_description="${TEXTS[reason]}"`
  return { 'WWW-Authenticate': `${challenge}, ${error}` }
}
