import { createGate, type Decision, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import { authorizationOf, type NodeRequest } from '../http/node-request.js'
import type { PolicyOptions } from '../http/policy.js'
import { optionError } from '../validate.js'

import '../require-node.js'

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: NodeRequest
  readonly state: Record<string, unknown>
}

/** A middleware of Koa 2 or 3. */
export type KoaMiddleware<Context> = (context: Context, next: () => Promise<unknown>) => Promise<unknown>

const readAuthorization = ({ req }: KoaContext): readonly string[] => authorizationOf(req)

/**
 * A middleware that throws a `RefusedRequest` for a request whose token is revoked. Koa answers with its
 * status and headers. What `verify` returns is in `ctx.state.user`, of good tokens only.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function guard<Context extends KoaContext = KoaContext>(
  engine: Checker,
  options: GuardOptions<Context> = {},
): KoaMiddleware<NoInfer<Context>> {
  const decide = createGate<Context>(engine, options, readAuthorization)
  return async (context, next) => {
    const decision = await decide(context)
    if (!decision.allowed) {
      // Where verifiers leave claims. An error handler must not take those of a refused token for good.
      if (options.claims !== undefined) Reflect.deleteProperty(context.state, 'user')
      throw decision.refusal
    }
    if (options.verify !== undefined && decision.claims !== undefined) context.state.user = decision.claims
    return next()
  }
}

/** Options of {@link forKoaJwt}. */
export interface ForKoaJwtOptions extends PolicyOptions {
  /**
   * Where koa-jwt leaves the claims in `ctx.state`: its option `key`.
   *
   * @default 'user'
   */
  readonly key?: string | undefined
}

/**
 * The middleware of koa-jwt 4, and a guard behind it. It stands in the place of its hook `isRevoked`: that
 * could only say 401 when nothing can decide, and with `passthrough` it would let a revoked token pass. The
 * claims of a refused token are removed from `ctx.state`.
 *
 * @param verifier - what `jwt()` of koa-jwt returns
 * @throws {RevocadeError} ERR_CONFIG when the verifier is no function, or an option is unknown or not usable
 */
export function forKoaJwt<Context extends KoaContext = KoaContext>(
  engine: Checker,
  verifier: KoaMiddleware<Context>,
  { key = 'user', ...options }: ForKoaJwtOptions = {},
): KoaMiddleware<Context> {
  if (typeof verifier !== 'function') throw optionError('verifier', 'must be a function: what jwt() returns')
  const claims = ({ state }: KoaContext): unknown => state[key]
  const decide = createGate<KoaContext>(engine, { ...options, claims }, readAuthorization)
  return (context, next) =>
    verifier(context, async () => {
      let decision: Decision | undefined
      try {
        decision = await decide(context)
      } finally {
        // Also when it failed: nobody knows then what the token is.
        if (decision?.allowed !== true) Reflect.deleteProperty(context.state, key)
      }
      if (!decision.allowed) throw decision.refusal
      return next()
    })
}
