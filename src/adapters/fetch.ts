import { createGate, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import type { RefusedRequest } from '../http/refusal.js'

import '../require-node.js'

/** What is used of a `Request`. */
export interface FetchRequest {
  readonly headers: { get(name: string): string | null }
}

/** What a guard found: a refusal, or the claims of a request that may pass. */
export type Guarded<Claims = object | undefined> =
  | {
      /** The response to send. */
      readonly refused: Response
      /** Why: its `cause` is for your logs. */
      readonly refusal: RefusedRequest
      readonly claims: undefined
    }
  | {
      readonly refused: undefined
      readonly refusal: undefined
      /** What `verify` or `claims` returned; undefined for a request without a token that may pass. */
      readonly claims: Claims
    }

/** Options with a verifier, so that the type of the claims is known. */
export interface VerifyingOptions<
  Request,
  Claims extends object,
  Required extends boolean = true,
> extends GuardOptions<Request> {
  readonly verify: (token: string, request: Request) => Claims | Promise<Claims>
  readonly required?: Required | undefined
}

/**
 * For whatever hands over a `Request` and takes a `Response`: Next.js, h3, Elysia, GraphQL Yoga, a handler of
 * yours. A refusal is a response with problem details (RFC 9457).
 *
 * @returns a function that rejects only for a mistake in the set-up
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function guard<
  Request extends FetchRequest = FetchRequest,
  Claims extends object = object,
  Required extends boolean = true,
>(
  engine: Checker,
  options: VerifyingOptions<Request, Claims, Required>,
): (request: Request) => Promise<Guarded<Claims | (Required extends true ? never : undefined)>>
/** The same without `verify`. */
export function guard<Request extends FetchRequest = FetchRequest>(
  engine: Checker,
  options?: GuardOptions<Request>,
): (request: Request) => Promise<Guarded>
export function guard(
  engine: Checker,
  options: GuardOptions<FetchRequest> = {},
): (request: FetchRequest) => Promise<Guarded> {
  const decide = createGate(engine, options, headerLines)
  return async (request) => {
    const decision = await decide(request)
    if (decision.allowed) return { refused: undefined, refusal: undefined, claims: decision.claims }
    const { refusal } = decision
    return { refused: refusal.getResponse(), refusal, claims: undefined }
  }
}

/** `Headers` joins two lines with a comma, which no token has: they are refused as malformed. */
function headerLines({ headers }: FetchRequest): readonly string[] {
  const value = headers.get('authorization')
  return value === null ? [] : [value]
}
