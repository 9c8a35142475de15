import { checkGuarded, createGate, type Decision, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import { authorizationOf, type NodeRequest } from '../http/node-request.js'
import type { PolicyOptions } from '../http/policy.js'
import { rejectUnknownKeys } from '../validate.js'

import '../require-node.js'

/** What is used of Fastify's request. */
export interface FastifyRequest {
  readonly raw: NodeRequest
  readonly headers: NodeRequest['headers']
}

/** What is used of Fastify's reply. */
export interface FastifyReply {
  header(name: string, value: string): unknown
}

/** A hook `onRequest`, `preParsing` or `preHandler` of Fastify. */
export type FastifyHook<Request> = (
  request: Request,
  reply: FastifyReply,
  done: (error?: Error) => void,
) => void

const readAuthorization = ({ raw, headers }: FastifyRequest): readonly string[] =>
  authorizationOf({ headers, rawHeaders: raw.rawHeaders ?? [], socket: raw.socket })

/**
 * A hook that lets a request pass when its token is not revoked, and fails with a `RefusedRequest` otherwise.
 * What `verify` returns is in `request.user`, of good tokens only.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function guard<Request extends FastifyRequest = FastifyRequest>(
  engine: Checker,
  options: GuardOptions<Request> = {},
): FastifyHook<NoInfer<Request>> {
  const decide = createGate<Request>(engine, options, readAuthorization)
  return (request, reply, done) => {
    const pass = (decision: Decision): void => {
      if (!decision.allowed) {
        // Where verifiers leave claims. An error handler must not take those of a refused token for good.
        if (options.claims !== undefined) Object.assign(request, { user: null })
        for (const [name, value] of Object.entries(decision.refusal.headers)) reply.header(name, value)
        done(decision.refusal)
        return
      }
      if (options.verify !== undefined && decision.claims !== undefined)
        Object.assign(request, { user: decision.claims })
      done()
    }
    let decision: Decision | Promise<Decision>
    try {
      decision = decide(request)
    } catch (error) {
      done(asError(error))
      return
    }
    if (decision instanceof Promise) decision.then(pass, (error: unknown) => done(asError(error)))
    else pass(decision)
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('not an error', { cause: error })

/** An engine that can be closed. */
export type ClosableEngine = Checker & { close(): Promise<void> }

/** Options of {@link revocadePlugin}. */
export interface FastifyPluginOptions {
  readonly engine: ClosableEngine
  /** Guards every route that is registered after the plugin. Without it, put `guard` on routes. */
  readonly guard?: GuardOptions<FastifyRequest> | undefined
  /**
   * Whether the engine is closed with the server, after its last request.
   *
   * @default false
   */
  readonly closeEngine?: boolean | undefined
}

/** A mistyped `guard` would leave all routes open. */
const OPTIONS = ['engine', 'guard', 'closeEngine']
/** What `register` reads itself, and hands over. */
const OPTIONS_OF_FASTIFY = ['prefix', 'logLevel', 'logSerializers']

/** What is used of Fastify's instance. */
export interface FastifyInstance {
  decorate(name: string, value: unknown): unknown
  addHook(name: 'onRequest', hook: FastifyHook<FastifyRequest>): unknown
  addHook(name: 'onClose', hook: () => Promise<void>): unknown
}

/**
 * Registers an engine with Fastify 5 as `fastify.revocade`. `ready()` rejects with ERR_CONFIG when it is no
 * engine, or an option of the guard is not usable.
 */
export function revocadePlugin(
  fastify: FastifyInstance,
  options: FastifyPluginOptions,
  done: (error?: Error) => void,
): void {
  const { engine, guard: guarded, closeEngine = false } = options
  try {
    checkGuarded(engine)
    rejectUnknownKeys(options, [...OPTIONS, ...OPTIONS_OF_FASTIFY], 'option of the plugin')
    fastify.decorate('revocade', engine)
    if (guarded !== undefined) fastify.addHook('onRequest', guard(engine, guarded))
    if (closeEngine) fastify.addHook('onClose', () => engine.close())
  } catch (error) {
    // Fastify would not catch it.
    done(asError(error))
    return
  }
  done()
}

// What fastify-plugin does: the decorator and the hook belong to the instance that registers the plugin.
Object.assign(revocadePlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'revocade',
  [Symbol.for('plugin-meta')]: { name: 'revocade', fastify: '5.x' },
})

/** Options of {@link forFastifyJwt}. */
export type ForFastifyJwtOptions = Omit<PolicyOptions, 'required'>

/**
 * The option `trusted` of @fastify/jwt. It throws a `RefusedRequest`, whose challenge an untrusted token
 * would not have, with 503 when nothing can decide. `fastify.jwt.verify()` does not ask it:
 * `request.jwtVerify()` does.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function forFastifyJwt(
  engine: Checker,
  options: ForFastifyJwtOptions = {},
): (request: FastifyRequest, decoded: unknown) => Promise<boolean> {
  type Verified = FastifyRequest & { readonly claims: unknown }
  const settings = { ...options, required: true, claims: ({ claims }: Verified) => claims }
  const decide = createGate<Verified>(engine, settings, readAuthorization)
  return async ({ raw, headers }, decoded) => {
    const decision = await decide({ raw, headers, claims: payloadOf(decoded) })
    if (decision.allowed) return true
    throw decision.refusal
  }
}

/** With the option `complete`, the claims are within what was decoded. */
function payloadOf(decoded: unknown): unknown {
  const isComplete =
    typeof decoded === 'object' && decoded !== null && 'payload' in decoded && 'signature' in decoded
  return isComplete ? decoded.payload : decoded
}
