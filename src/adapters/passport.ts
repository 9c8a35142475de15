import { createGate } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import { authorizationOf, type NodeRequest } from '../http/node-request.js'
import type { PolicyOptions } from '../http/policy.js'
import { optionError } from '../validate.js'
import { type HeaderTarget, setHeaders } from './refusal-headers.js'

import '../require-node.js'

/** A request of Express, as Passport hands it over. */
export interface PassportRequest extends NodeRequest {
  readonly res?: HeaderTarget | undefined
}

/** What a strategy calls back. */
export type PassportDone = (error: unknown, user?: unknown, info?: unknown) => void

/** The function that passport-jwt calls with the claims of a good token. It looks up the user. */
export type PassportVerify<Request> = (request: Request, payload: object, done: PassportDone) => unknown

/** Options of {@link forPassportJwt}. */
export type ForPassportJwtOptions = Omit<PolicyOptions, 'required'>

/**
 * The function `verify` of passport-jwt 4, which needs its option `passReqToCallback: true`. Yours is called
 * for tokens that are not revoked. Others are an error, a `RefusedRequest`, and not a failure: after a
 * failure, Passport would try the next strategy, and that of anonymous users would let the request pass.
 *
 * @throws {RevocadeError} ERR_CONFIG when `verify` is no function, or an option is unknown or not usable
 */
export function forPassportJwt<Request extends PassportRequest = PassportRequest>(
  engine: Checker,
  verify: PassportVerify<Request>,
  options: ForPassportJwtOptions = {},
): (request: Request, payload: object, done: PassportDone) => void {
  if (typeof verify !== 'function') throw optionError('verify', 'must be a function')
  type Verified = NodeRequest & { readonly claims: unknown }
  const settings = { ...options, required: true, claims: ({ claims }: Verified) => claims }
  const decide = createGate<Verified>(engine, settings, authorizationOf)

  const ask = async (request: Request, payload: object, done: PassportDone): Promise<void> => {
    const { headers, rawHeaders = [], socket } = request
    const decision = await decide({ headers, rawHeaders, socket, claims: payload })
    if (decision.allowed) {
      await verify(request, payload, done)
      return
    }
    setHeaders(request.res, decision.refusal)
    done(decision.refusal)
  }
  return (request, payload, done) => {
    // Called with (payload, done).
    if (typeof payload === 'function') throw optionError('passReqToCallback', 'of the strategy must be true')
    ask(request, payload, done).catch(done)
  }
}
