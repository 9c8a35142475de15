import { checkGuarded, createGate, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import { authorizationOf, type NodeRequest } from '../http/node-request.js'
import type { RefusedRequest } from '../http/refusal.js'
import { rejectUnknownKeys } from '../validate.js'

import '../require-node.js'

/** What is used of hapi's request. */
export interface HapiRequest {
  readonly headers: Readonly<Record<string, unknown>>
  readonly raw: { readonly req: NodeRequest }
  readonly auth: { readonly isAuthenticated?: boolean }
}

/** What is used of hapi's response toolkit. */
export interface HapiToolkit {
  readonly continue: symbol
}

/** A lifecycle method of hapi: for `server.ext('onPostAuth', …)`, or for `options.ext` of a route. */
export type HapiMethod<Request> = (request: Request, h: HapiToolkit) => Promise<symbol>

/**
 * A lifecycle method that lets a request pass when its token is not revoked, and fails with a
 * `RefusedRequest` otherwise, which is a Boom error as well. What `verify` returns is in
 * `request.auth.credentials`. Of a refused request these are null, as where nobody passes.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function guard<Request extends HapiRequest = HapiRequest>(
  engine: Checker,
  options: GuardOptions<Request> = {},
): HapiMethod<NoInfer<Request>> {
  const decide = createGate<Request>(engine, options, ({ headers, raw: { req } }) => {
    const { authorization } = headers
    const shown = typeof authorization === 'string' ? { authorization } : {}
    return authorizationOf({ headers: shown, rawHeaders: req.rawHeaders ?? [], socket: req.socket })
  })
  return async (request, h) => {
    const decision = await decide(request)
    if (!decision.allowed) {
      // hapi's mode `try` would hand them to the handler, and an error handler could read them.
      Object.assign(request.auth, { isAuthenticated: false, credentials: null, artifacts: null })
      throw asBoom(decision.refusal)
    }
    if (options.verify !== undefined && decision.claims !== undefined)
      Object.assign(request.auth, { isAuthenticated: true, credentials: decision.claims })
    // In the mode `try`, hapi-auth-jwt2 leaves a token that it could not verify in them.
    if (decision.anonymous && !request.auth.isAuthenticated)
      Object.assign(request.auth, { credentials: null, artifacts: null })
    return h.continue
  }
}

/** What hapi answers with: any other error would be a 500. It looks for header names in lower case. */
function asBoom(refusal: RefusedRequest): RefusedRequest {
  const { status: statusCode, message } = refusal
  const names = Object.entries(refusal.headers).map(([name, value]) => [name.toLowerCase(), value])
  const error = statusCode === 401 ? 'Unauthorized' : 'Service Unavailable'
  const payload = { statusCode, error, message }
  const output = { statusCode, headers: Object.fromEntries(names) as object, payload }
  return Object.assign(refusal, { isBoom: true, isServer: statusCode === 503, data: null, output })
}

/** Options of {@link revocadePlugin}. */
export interface HapiPluginOptions {
  readonly engine: Checker & { close(): Promise<void> }
  /** Guards every route, after authentication. Without it, put `guard` on routes. */
  readonly guard?: GuardOptions<HapiRequest> | undefined
  /**
   * Whether the engine is closed when the server has stopped.
   *
   * @default false
   */
  readonly closeEngine?: boolean | undefined
}

/** What is used of hapi's server. */
export interface HapiServer {
  decorate(type: 'server', name: string, value: unknown): unknown
  ext(event: 'onPostAuth', method: HapiMethod<HapiRequest>): unknown
  ext(event: 'onPostStop', method: () => Promise<void>): unknown
}

/**
 * Registers an engine with hapi 21 as `server.revocade`. Its `register` throws a `RevocadeError` (ERR_CONFIG)
 * when it is not an engine, or an option of the guard is not usable.
 */
export const revocadePlugin = {
  name: 'revocade',
  register(server: HapiServer, options: HapiPluginOptions): void {
    const { engine, guard: guarded, closeEngine = false } = options
    checkGuarded(engine)
    // A mistyped `guard` would leave all routes open.
    rejectUnknownKeys(options, ['engine', 'guard', 'closeEngine'], 'option of the plugin')
    server.decorate('server', 'revocade', engine)
    if (guarded !== undefined) server.ext('onPostAuth', guard(engine, guarded))
    if (closeEngine) server.ext('onPostStop', () => engine.close())
  },
}
