import '../require-node.js'

export type {
  EndOptions,
  EndReason,
  Issued,
  IssuedClaims,
  NewSession,
  PerSubject,
  RefreshProof,
  Rotated,
  Session,
  SessionDetails,
  SessionEvent,
  Sessions,
  SessionsOptions,
  SessionsReceipt,
  SessionsToEnd,
} from './api.js'
export { type LoginRefusal, type RefreshRefusal, SessionRefused } from './refused.js'
export { createSessions } from './sessions.js'
