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
  for (const [name, policy] of Object.entries({ [DEFAULT_POLICY]: {}, ...asRecord(policies, 'policies') })) {
    if (policyNameOf(`/policy/${name}/check`) !== name)
      throw optionError('policies', 'has a name that is not 1 to 64 characters of a-z, 0-9 and -')
    const own = asRecord(policy, 'a policy')
    readPolicy(own)
    gates.set(name, createGate(engine, { ...own, ...sources }, authorizationOf))
  }
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
