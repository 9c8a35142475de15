import { createGate, type Gate, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import { authorizationOf, type NodeRequest } from '../http/node-request.js'
import { optionError } from '../validate.js'

import '../require-node.js'

/** A request of Nest's platform for Express or for Fastify. */
export interface NestRequest {
  readonly headers: NodeRequest['headers']
  readonly rawHeaders?: readonly string[]
  readonly socket?: unknown
  /** Of Fastify. */
  readonly raw?: NodeRequest
}

/** What is used of Nest's `ExecutionContext`. */
export interface NestContext {
  getType(): string
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown }
}

/** A response of Express, or a reply of Fastify. */
interface NestResponse {
  header(name: string, value: string): unknown
}

/**
 * A guard of Nest 11 or 12, for `@UseGuards(new RevocadeGuard(engine))`, `app.useGlobalGuards` or
 * `APP_GUARD`. It throws a `RefusedRequest`, which Nest answers with its status. What `verify` returns is in
 * `request.user`, of good tokens only.
 */
export class RevocadeGuard<Request extends NestRequest = NestRequest> {
  readonly #decide: Gate<Request>
  readonly #options: GuardOptions<Request>

  /** @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable */
  constructor(engine: Checker, options: GuardOptions<Request> = {}) {
    this.#options = options
    this.#decide = createGate<Request>(engine, options, (request) => {
      const { rawHeaders = [], socket } = request.raw ?? request
      return authorizationOf({ headers: request.headers, rawHeaders, socket })
    })
  }

  /**
   * Called by Nest.
   *
   * @returns true; a refused request is an exception
   * @throws {RefusedRequest}
   */
  async canActivate(context: NestContext): Promise<boolean> {
    // A guard of the whole application is asked for messages and GraphQL as well. It can't read these.
    if (context.getType() !== 'http') throw optionError('RevocadeGuard', 'is for routes of HTTP only')
    const http = context.switchToHttp()
    const request = http.getRequest() as Request
    const decision = await this.#decide(request)
    const { verify, claims } = this.#options
    if (!decision.allowed) {
      // Where verifiers leave claims. An exception filter must not take those of a refused token for good.
      if (claims !== undefined) Object.assign(request, { user: null })
      const response = http.getResponse() as NestResponse
      for (const [name, value] of Object.entries(decision.refusal.headers)) response.header(name, value)
      throw decision.refusal
    }
    if (verify !== undefined && decision.claims !== undefined)
      Object.assign(request, { user: decision.claims })
    return true
  }
}
