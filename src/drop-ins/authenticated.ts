import { createGate, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'
import { authorizationOf, type NodeRequest } from '../http/node-request.js'
import { asRecord, optionError } from '../validate.js'
import { TokenManager } from './manager.js'

/** A request of Express, Koa or `node:http`, or a `Request` of the Fetch standard. */
export type AnyRequest = NodeRequest | { readonly headers: { get(name: string): string | null } }

/** Options of {@link Authenticated}. It needs `verify` or `claims`. */
export interface AuthenticatedOptions<Request extends AnyRequest = AnyRequest> extends Omit<
  GuardOptions<Request>,
  'required'
> {
  /**
   * What is asked about revocations: a {@link TokenManager}, or an engine.
   *
   * @default TokenManager.fromEnv()
   */
  readonly manager?: Checker | undefined
  /**
   * Finds the request among the arguments of the method.
   *
   * @default the first argument
   */
  readonly request?: ((...args: unknown[]) => Request) | undefined
}

/** A method that is called with a request, and returns a promise or nothing. */
// Handlers are declared with `void`. Other results are refused: the decorated method returns a promise.
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type
type Handler = (...args: never[]) => Promise<unknown> | void

/** A decorator of methods: a standard one, or one for `experimentalDecorators`. */
export interface AuthenticatedDecorator {
  <Method extends Handler>(method: Method, context: { readonly kind: 'method' }): Method
  <Method extends Handler>(
    prototype: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void
}

/**
 * A decorator for methods that handle requests: the method is called only if the request has a token that
 * `verify` accepts and nobody has revoked. What `verify` returns is in `request.auth` then. Otherwise the
 * method rejects with a `RefusedRequest`, which has a `status` and `headers`. It returns a promise always.
 *
 * It works as a decorator of the standard (TypeScript without `experimentalDecorators`, Babel `2023-11`) and
 * as one of the older proposal.
 *
 * @example
 * class Account {
 *   \@Authenticated({ verify: (token) => jsonwebtoken.verify(token, key, { algorithms: ['RS256'] }) })
 *   async show(request, response) {
 *     response.json({ user: request.auth.sub })
 *   }
 * }
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable, neither `verify` nor `claims`
 *   is given, or what is decorated is no method
 */
export function Authenticated<Request extends AnyRequest = AnyRequest>(
  options: AuthenticatedOptions<Request>,
): AuthenticatedDecorator {
  const { manager = TokenManager.fromEnv(), request: find, ...others } = given(options)
  if (find !== undefined && typeof find !== 'function') throw optionError('request', 'must be a function')
  const decide = createGate<Request>(manager, { ...others, required: true }, headerLines)

  const guarded = (method: AnyMethod): AnyMethod => {
    const handler = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      const request = requestIn(find === undefined ? args[0] : find(...args)) as Request
      const decision = await decide(request)
      if (!decision.allowed) {
        // Where verifiers leave claims. An error handler must not take those of a refused token for good.
        if (options.claims !== undefined) Object.assign(request, { auth: undefined, user: undefined })
        throw decision.refusal
      }
      if (options.verify !== undefined) Object.assign(request, { auth: decision.claims })
      return method.apply(this, args)
    }
    // Frameworks look at both.
    Object.defineProperty(handler, 'name', { value: method.name, configurable: true })
    return Object.defineProperty(handler, 'length', { value: method.length, configurable: true })
  }

  return (target: unknown, context: unknown, descriptor?: unknown) => {
    // A decorator of the standard gets two arguments: the method, and what it is.
    if (descriptor === undefined) {
      if (!isMethod(target) || kindOf(context) !== 'method') throw notAMethod()
      return guarded(target)
    }
    if (typeof descriptor !== 'object' || descriptor === null || !('value' in descriptor)) throw notAMethod()
    if (!isMethod(descriptor.value)) throw notAMethod()
    return { ...descriptor, value: guarded(descriptor.value) }
  }
}

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown

const isMethod = (value: unknown): value is AnyMethod => typeof value === 'function'

const kindOf = (context: unknown): unknown =>
  typeof context === 'object' && context !== null && 'kind' in context ? context.kind : undefined

const notAMethod = (): Error => optionError('@Authenticated()', 'is for methods of a class')

/** A name that promises authentication must not let a token pass whose signature nobody has looked at. */
function given<Request extends AnyRequest>(
  options: AuthenticatedOptions<Request>,
): AuthenticatedOptions<Request> {
  const { verify, claims } = asRecord(options, 'the options of @Authenticated()')
  if (verify === undefined && claims === undefined)
    throw optionError(
      '@Authenticated()',
      "needs 'verify', which verifies a token and returns its claims, or 'claims', which finds those " +
        'that were verified before: a list of revoked tokens knows nothing of signatures',
    )
  return options
}

/** A mistake in the set-up, not of the client. The method is not called. */
function requestIn(value: unknown): object {
  const isRequest =
    typeof value === 'object' &&
    value !== null &&
    'headers' in value &&
    typeof value.headers === 'object' &&
    value.headers !== null
  if (isRequest) return value
  throw optionError(
    '@Authenticated()',
    "found no request: the first argument has no headers. Say with the option 'request' where it is",
  )
}

function headerLines(request: AnyRequest): readonly string[] {
  const { headers } = request
  if (typeof headers.get !== 'function') return authorizationOf(request as NodeRequest)
  // `Headers` joins two lines with a comma, which no token has: they are refused as malformed.
  const value: unknown = headers.get('authorization')
  return typeof value === 'string' ? [value] : []
}
