import { createGate, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import type { RefusedRequest } from '../http/refusal.js'

import '../require-node.js'

/** What is used of a `Request`. */
export interface FetchRequest {
  readonly headers: { get(name: string): string | null }
}

/** What a guard found. */
export interface Guarded {
  /** The response to send, if the request is refused. */
  readonly refused: Response | undefined
  /** Why it is refused. Its `cause` is for your logs. */
  readonly refusal: RefusedRequest | undefined
  /** What `verify` or `claims` returned, of a request that may pass. */
  readonly claims: object | undefined
}

/**
 * For whatever hands over a `Request` and takes a `Response`: Next.js, h3, Elysia, GraphQL Yoga, a handler of
 * yours. A refusal is a response with problem details (RFC 9457).
 *
 * @returns a function that rejects only for a mistake in the set-up
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function guard<Request extends FetchRequest = FetchRequest>(
  engine: Checker,
  options: GuardOptions<Request> = {},
): (request: Request) => Promise<Guarded> {
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
