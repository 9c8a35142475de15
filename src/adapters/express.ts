import { createGate, type Decision, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import { authorizationOf, type NodeRequest } from '../http/node-request.js'
import type { PolicyOptions } from '../http/policy.js'
import { type HeaderTarget, setHeaders } from './refusal-headers.js'

import '../require-node.js'

/** What is used of Express's response. */
export interface ExpressResponse extends HeaderTarget {
  readonly writableEnded?: boolean
}

/** A middleware of Express 4 or 5, of Connect and of Polka. */
export type ExpressMiddleware<Request> = (
  request: Request,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => void

/**
 * A middleware that lets a request pass when its token is not revoked. It calls `next` with a
 * `RefusedRequest` otherwise, which Express answers with its status and headers. What `verify` returns is in
 * `request.auth`, of good tokens only.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function guard<Request extends NodeRequest = NodeRequest>(
  engine: Checker,
  options: GuardOptions<Request> = {},
): ExpressMiddleware<NoInfer<Request>> {
  const decide = createGate(engine, options, authorizationOf)
  return (request, response, next) => {
    const pass = (decision: Decision): void => {
      if (!decision.allowed) {
        // Where verifiers leave claims. An error handler must not take those of a refused token for good.
        if (options.claims !== undefined) Object.assign(request, { auth: undefined, user: undefined })
        setHeaders(response, decision.refusal)
        // A deadline of the request may have answered it. Express would destroy the connection.
        if (response.writableEnded !== true) next(decision.refusal)
        return
      }
      if (options.verify !== undefined && decision.claims !== undefined)
        Object.assign(request, { auth: decision.claims })
      next()
    }
    let decision: Decision | Promise<Decision>
    try {
      decision = decide(request)
    } catch (error) {
      next(error)
      return
    }
    if (decision instanceof Promise) decision.then(pass, next)
    else pass(decision)
  }
}

/** What is used of the token that express-jwt hands over: a JWT, decoded. */
export interface DecodedJwt {
  readonly payload: object | string
}

/** Options of {@link forExpressJwt}. */
export type ForExpressJwtOptions = Omit<PolicyOptions, 'required'>

/**
 * The option `isRevoked` of express-jwt 6 to 8. A revoked token becomes its `UnauthorizedError`
 * `revoked_token`, with a challenge in the response. What nothing can decide is a `RefusedRequest` with
 * status 503, and an expired token, which `onExpired` may have let through, one with 401.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function forExpressJwt(
  engine: Checker,
  options: ForExpressJwtOptions = {},
): (
  request: NodeRequest & { readonly res?: ExpressResponse | undefined },
  token: DecodedJwt | undefined,
) => Promise<boolean> {
  type Verified = NodeRequest & { readonly claims: unknown }
  const decide = createGate<Verified>(
    engine,
    { ...options, required: true, claims: ({ claims }) => claims },
    authorizationOf,
  )
  return async (request, token) => {
    const { headers, rawHeaders = [], socket } = request
    const decision = await decide({ headers, rawHeaders, socket, claims: token?.payload })
    if (decision.allowed) return false
    const { refusal } = decision
    setHeaders(request.res, refusal)
    if (refusal.reason === 'revoked') return true
    throw refusal
  }
}
