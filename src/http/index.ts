import '../require-node.js'

export { type Credential, readCredential, type Scheme } from './credential.js'
export {
  type Answer,
  createForwardAuth,
  type ForwardAuthOptions,
  type ForwardAuthRequest,
  policyNameOf,
} from './forward-auth.js'
export { createGate, type Decision, type Gate, type GuardOptions, type ReadAuthorization } from './gate.js'
export type { Checker } from './judge.js'
export { authorizationOf, type NodeRequest } from './node-request.js'
export type { PolicyOptions } from './policy.js'
export { type Challenge, type Problem, RefusedRequest, type RefusalReason } from './refusal.js'
