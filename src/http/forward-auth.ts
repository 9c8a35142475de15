import { RevocadeError } from '../errors.js'
import { asRecord, optionError, rejectUnknownKeys } from '../validate.js'
import { createGate, type Decision, type Gate, type GuardOptions } from './gate.js'
import type { Checker } from './judge.js'
import { authorizationOf, type NodeRequest } from './node-request.js'
import { type PolicyOptions, readPolicy } from './policy.js'

/** An answer without a body. */
export interface Answer {
  readonly status: 200 | 401 | 503
  readonly headers: Readonly<Record<string, string>>
}

/** Options of {@link createForwardAuth}. */
export interface ForwardAuthOptions extends Pick<GuardOptions<NodeRequest>, 'token' | 'verify'> {
  /**
   * Policies by name, for `/policy/NAME/check`. A name has 1 to 64 characters of a-z, 0-9 and `-`. The one
   * named `default` is that of `/check`.
   */
  readonly policies?: Readonly<Record<string, PolicyOptions>> | undefined
}

/** A request of `node:http`. */
export interface ForwardAuthRequest extends NodeRequest {
  /** The request target as it came: not decoded, not normalized. */
  readonly url?: string | undefined
}

/** `/check`, `/policy/NAME/check`, and what proxies append to the path that they were given. */
const CHECK_PATH = /^\/(?:policy\/([a-z\d][a-z\d-]{0,63})\/)?check(?:[/?]|$)/
const DEFAULT_POLICY = 'default'

/**
 * The name of the policy that the path of a request names. What stands after `/check` may be the client's own
 * path and query, so it never counts.
 *
 * @param target - the request target as it came: not decoded, not normalized
 * @returns undefined when it is not the path of a check
 */
export function policyNameOf(target: string): string | undefined {
  if (target === '/check') return DEFAULT_POLICY
  const match = CHECK_PATH.exec(target)
  return match === null ? undefined : (match[1] ?? DEFAULT_POLICY)
}

/**
 * The endpoint that a proxy asks before it lets a request pass: `/check` and `/policy/NAME/check`. No method,
 * query, body or longer path changes the answer.
 *
 * @returns a function from a request to the answer; undefined for another path or an unknown policy
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function createForwardAuth(
  engine: Checker,
  options: ForwardAuthOptions = {},
): (request: ForwardAuthRequest) => Answer | Promise<Answer> | undefined {
  rejectUnknownKeys(options, ['policies', 'token', 'verify'], 'option')
  const { policies = {}, ...sources } = options
  const gates = new Map<string, Gate<NodeRequest>>()
  for (const [name, own] of Object.entries({ [DEFAULT_POLICY]: {}, ...readPolicies(policies) }))
    gates.set(name, createGate(engine, { ...own, ...sources }, authorizationOf))
  const active = allowing('active', options.verify === undefined ? 'none' : 'signature')
  return (request) => {
    const gate = gates.get(policyNameOf(request.url ?? '') ?? '')
    const decision = gate?.(request)
    if (decision instanceof Promise) return decision.then((given) => answerOf(given, active))
    return decision && answerOf(decision, active)
  }
}

/** `Content-Length: 0` lets nginx keep its connection, and no cache may keep a decision. */
const EVERY = { 'Cache-Control': 'no-store', 'Content-Length': '0' }

/**
 * Checks policies by name.
 *
 * @throws {RevocadeError} ERR_CONFIG, with the name of the policy
 */
export function readPolicies(policies: unknown): Readonly<Record<string, PolicyOptions>> {
  return Object.fromEntries(
    Object.entries(asRecord(policies, "option 'policies'")).map(([name, policy]) => {
      if (policyNameOf(`/policy/${name}/check`) !== name)
        throw optionError('policies', 'has a name that is not 1 to 64 characters of a-z, 0-9 and -')
      return [name, namedPolicy(name, policy)]
    }),
  )
}

function namedPolicy(name: string, policy: unknown): PolicyOptions {
  const own = asRecord(policy, `the policy '${name}'`)
  try {
    for (const option of ['token', 'verify'])
      if (option in own) throw optionError(option, 'is the same for all policies: remove it from this one')
    readPolicy(own)
  } catch (error) {
    if (!(error instanceof RevocadeError)) throw error
    throw new RevocadeError('ERR_CONFIG', `in the policy '${name}': ${error.message}`, { cause: error })
  }
  return own
}

/** An answer that is the same for many requests, so that none has to make it. */
function allowing(status: string, verified: string): Answer {
  const headers = { ...EVERY, 'X-Revocade-Status': status, 'X-Revocade-Verified': verified }
  return Object.freeze({ status: 200, headers: Object.freeze(headers) })
}

const ANONYMOUS = allowing('anonymous', 'none')

function answerOf(decision: Decision, active: Answer): Answer {
  if (decision.allowed) return decision.anonymous ? ANONYMOUS : active
  const { status, headers } = decision.refusal
  return { status, headers: { ...headers, ...EVERY } }
}
